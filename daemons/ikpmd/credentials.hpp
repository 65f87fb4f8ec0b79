// The certificates in use: what the engine shows and whom it believes, as one snapshot that is made on the pool and
// replaced whole. The key ring has it for the engine.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "certstore/operations.hpp"
#include "daemon/event_loop.hpp"
#include "key_ring.hpp"

namespace ipsec9000 {

class CertificateKeeper {
 public:
  using Snapshot = std::shared_ptr<const pki::Credentials>;

  CertificateKeeper(EventLoop& loop, KeyRing& keys, std::filesystem::path directory)
      : loop_(loop), keys_(keys), store_(std::move(directory)) {}

  // Called after each reading with the URLs where CRLs are to be fetched.
  void on_sources(std::function<void(const std::vector<std::string>&)> changed) {
    sources_changed_ = std::move(changed);
  }

  const std::string& problem() const { return problem_; }  // "" or why the certificates at rest cannot be read
  const TrustRules& rules() const { return rules_; }
  const CertificateStore& store() const { return store_; }

  void set_rules(const TrustRules& rules);  // reads again when they are others
  // Reads what is at rest, on the pool; when keys were unlocked or something changed. Several calls are one.
  void reload();

  // Does a method of certstore/operations.hpp on the pool; `reply` comes on the loop, after the new snapshot where it
  // changed one. `password` is needed where needs_keys() says so.
  using Reply = std::function<void(Result<Json>)>;
  void perform(const std::string& method, Json params, Secret password, Reply reply);

 private:
  void finish(const std::string& method, const Result<Json>& outcome, const Reply& reply);

  EventLoop& loop_;
  KeyRing& keys_;
  CertificateStore store_;
  TrustRules rules_;
  std::string problem_;
  std::function<void(const std::vector<std::string>&)> sources_changed_;
  std::vector<std::function<void()>> waiting_;  // for the snapshot being made
  bool loading_ = false;
  bool again_ = false;
};

}  // namespace ipsec9000
