#include "key_ring.hpp"

#include "base/clock.hpp"
#include "ike/certificates.hpp"

namespace ipsec9000 {

const Secret* KeyRing::pre_shared_key(const IpAddress& remote, const std::optional<Identity>& remote_id) const {
  if (!store_) return nullptr;
  if (remote_id)
    if (const auto* key = store_->find_psk(*remote_id)) return key;
  return store_->find_psk(remote);
}

Result<std::shared_ptr<const pki::Credential>> KeyRing::own_certificate(const IsakmpPolicy& policy,
                                                                        const IpAddress& local,
                                                                        const ike::CertificateWish& wish) const {
  if (!store_) return Error{ErrorCode::not_found, "the key store is " + state()};
  const auto now = wall_now();
  return ike::choose_own(certificates_, policy, local, now, wish);
}

std::string KeyRing::state() const {
  if (store_) return "open";
  return locked() ? "locked" : "missing";
}

bool KeyRing::locked() const { return !store_ && Keystore::exists(path_); }

void KeyRing::open_with_machine_key() {
  for (const auto& file : machine_keys_) {
    auto opened = Keystore::open_with_machine_key(path_, file);
    if (opened) {
      store_ = std::move(*opened);
      machine_key_refused_ = false;
      return;
    }
    machine_key_refused_ |= opened.error().code == ErrorCode::not_permitted;
  }
}

void KeyRing::with_password(Secret password, Change change, const Done& done) {
  struct Work {
    Secret password;
    Result<void> outcome = Error{ErrorCode::internal, "the key store was not opened"};
    std::optional<Keystore> store;
  };
  auto work = std::make_shared<Work>();
  work->password = std::move(password);
  const auto run = [work, change = std::move(change), path = path_] {
    auto opened = Keystore::open(path, work->password);
    work->password.wipe();
    if (!opened) {
      work->outcome = opened.error();
      return;
    }
    work->outcome = change ? change(*opened) : Result<void>();
    if (work->outcome) work->store = std::move(*opened);
  };
  const auto finish = [this, work, done] {
    if (work->store) store_ = std::move(*work->store);
    done(work->outcome);
  };
  if (!loop_.run_on_pool(run, finish)) done(Error{ErrorCode::refused, "too much work at once; try again"});
}

std::map<std::string, Secret> KeyRing::private_keys() const {
  std::map<std::string, Secret> keys;
  if (!store_) return keys;
  for (const auto& summary : store_->list()) {
    if (summary.kind != KeyKind::private_key) continue;
    if (const auto* secret = store_->find_private_key(summary.name)) keys.emplace(summary.name, secret->clone());
  }
  return keys;
}

Result<std::vector<KeySummary>> KeyRing::list() const {
  if (!store_) return Error{ErrorCode::not_permitted, "the key store is " + state()};
  return store_->list();
}

}  // namespace ipsec9000
