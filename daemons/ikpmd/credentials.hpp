// The certificates in use: what the engine shows and whom it believes, as one snapshot that is made on the pool and
// replaced whole. The key ring has it for the engine.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "certstore/entrust.hpp"
#include "certstore/expiry.hpp"
#include "certstore/operations.hpp"
#include "daemon/event_loop.hpp"
#include "key_ring.hpp"

namespace ipsec9000 {

class CertificateKeeper {
 public:
  using Snapshot = std::shared_ptr<const pki::Credentials>;

  // `ini`: the path of entrust.ini, which may be missing.
  CertificateKeeper(EventLoop& loop, KeyRing& keys, std::filesystem::path directory, std::filesystem::path ini)
      : loop_(loop), keys_(keys), store_(std::move(directory)), ini_(std::move(ini)) {}

  // What else follows from what is at rest.
  struct Reading {
    std::vector<std::string> sources;  // URLs where CRLs are to be fetched
    std::vector<Ending> endings;
    std::vector<Profile> profiles;
    std::vector<pki::Certificate> cas;
    std::vector<pki::Verdict> peers;  // stored ones that name an OCSP responder, where revocation is strict; some
    EntrustSettings settings;
  };
  // Called after each reading.
  void on_read(std::function<void(const Reading&)> read) { read_ = std::move(read); }

  const std::string& problem() const { return problem_; }  // "" or why the certificates at rest cannot be read
  const TrustRules& rules() const { return rules_; }
  const CertificateStore& store() const { return store_; }

  void set_rules(const TrustRules& rules);  // reads again when they are others
  // Reads what is at rest, on the pool; when keys were unlocked or something changed. Several calls are one.
  void reload();

  // What an OCSP responder said about the certificate of this fingerprint. Counts in the next snapshot, until it ends.
  // `used` is called then.
  void take_ocsp(const std::string& fingerprint, const pki::OcspAnswer& answer, WallTime now,
                 std::function<void()> used);

  // CAs that came from a directory, in PEM. The answer, after the new snapshot: the names of those that were taken, or
  // why the first that was not is refused.
  void take_authorities(const Bytes& pem, std::function<void(Result<std::string>)> done);

  // Does a method of certstore/operations.hpp on the pool; `reply` comes on the loop, after the new snapshot where it
  // changed one. `password` is needed where needs_keys() says so.
  using Reply = std::function<void(Result<Json>)>;
  void perform(const std::string& method, Json params, Secret password, Reply reply);

 private:
  void finish(const std::string& method, const Result<Json>& outcome, const Reply& reply);

  EventLoop& loop_;
  KeyRing& keys_;
  CertificateStore store_;
  std::filesystem::path ini_;
  TrustRules rules_;
  std::vector<std::string> roots_;  // that entrust.ini named at the last reading
  OcspAnswers ocsp_;
  std::string problem_;
  std::function<void(const Reading&)> read_;
  std::vector<std::function<void()>> waiting_;  // for the snapshot being made
  bool loading_ = false;
  bool again_ = false;
};

}  // namespace ipsec9000
