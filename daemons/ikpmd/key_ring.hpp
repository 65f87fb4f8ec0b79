// The pre-shared keys and certificates in use. The store is opened by the administrator's password or this machine's
// key; what takes long (scrypt) runs on the pool with a store of its own, which then takes the place of the one in use.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>

#include "daemon/event_loop.hpp"
#include "ike/types.hpp"
#include "keystore/keystore.hpp"

namespace ipsec9000 {

class KeyRing final : public ike::Credentials {
 public:
  // `machine_keys`: the files that may hold this machine's key, the preferred one first.
  KeyRing(EventLoop& loop, std::filesystem::path store, std::vector<std::filesystem::path> machine_keys)
      : loop_(loop), path_(std::move(store)), machine_keys_(std::move(machine_keys)) {}

  const Secret* pre_shared_key(const IpAddress& remote, const std::optional<Identity>& remote_id) const override;
  Result<std::shared_ptr<const pki::Credential>> own_certificate(const IsakmpPolicy& policy, const IpAddress& local,
                                                                 const ike::CertificateWish& wish) const override;
  std::shared_ptr<const pki::Trust> trust() const override { return trust_; }
  // From now on; negotiations under way keep what they began with. Never null, with a trust that is never null.
  void use(std::shared_ptr<const pki::Credentials> certificates) {
    certificates_ = std::move(certificates);
    trust_ = certificates_->trust;
  }
  void use_trust(std::shared_ptr<const pki::Trust> trust) { trust_ = std::move(trust); }

  std::string state() const;  // "open", "locked", "missing"
  bool locked() const;        // there is a store, and nobody has opened it yet
  // At the start, without a person: opens the store if it has a slot for this machine.
  void open_with_machine_key();
  // There was a key of this machine then, and it was not the store's.
  bool machine_key_refused() const { return machine_key_refused_; }
  void machine_key_renewed() { machine_key_refused_ = false; }

  using Done = std::function<void(Result<void>)>;
  // Opens the store with the password, makes the change to it, and uses it from then on. `done` comes later, on the
  // loop; not_permitted for a wrong password.
  using Change = std::function<Result<void>(Keystore&)>;
  void with_password(Secret password, Change change, const Done& done);

  Result<std::vector<KeySummary>> list() const;
  std::map<std::string, Secret> private_keys() const;  // copies, by name; none while it is not open

 private:
  EventLoop& loop_;
  std::filesystem::path path_;
  std::vector<std::filesystem::path> machine_keys_;
  std::optional<Keystore> store_;
  bool machine_key_refused_ = false;
  std::shared_ptr<const pki::Credentials> certificates_ = std::make_shared<const pki::Credentials>(
      pki::Credentials{{}, std::make_shared<const pki::Trust>(pki::TrustContents{})});
  std::shared_ptr<const pki::Trust> trust_ = certificates_->trust;  // or newer
};

}  // namespace ipsec9000
