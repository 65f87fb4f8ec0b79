// The certificates in use: what the engine shows and whom it believes, as one snapshot that is made on the pool and
// replaced whole. The key ring has it for the engine.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "certstore/ca_quest.hpp"
#include "certstore/entrust.hpp"
#include "certstore/expiry.hpp"
#include "certstore/operations.hpp"
#include "daemon/event_loop.hpp"
#include "key_ring.hpp"

namespace ipsec9000 {

class CertificateKeeper {
 public:
  using Snapshot = std::shared_ptr<const pki::Credentials>;

  CertificateKeeper(EventLoop& loop, KeyRing& keys, std::filesystem::path directory)
      : loop_(loop), keys_(keys), store_(std::move(directory)) {}

  // What else follows from what is at rest.
  struct Reading {
    std::vector<std::string> sources;      // URLs where CRLs are to be fetched
    std::vector<std::string> authorities;  // and certificates of CAs that are missing
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

  // As secpolicyd says; reads again when they are others.
  void configure(const TrustRules& rules, const EntrustSettings& settings);
  const EntrustSettings& settings() const { return settings_; }
  // Reads what is at rest, on the pool; when keys were unlocked or something changed. Several calls are one.
  void reload();

  // What an OCSP responder said about the certificate of this fingerprint. Counts at once, until it ends. Nothing is
  // read for it.
  void take_ocsp(const std::string& fingerprint, const pki::OcspAnswer& answer, WallTime now);

  // CAs that came from a server, in PEM. One that no CA known here signed is kept in mind: its own issuer is looked for
  // next, and what that leads to counts then. The answer, after the new snapshot: the names of those that were taken,
  // or why the first that was not is refused.
  void take_authorities(const Bytes& pem, const std::function<void(Result<std::string>)>& done);
  // A peer that has proven to hold the key, and whose path leads to no CA of ours: directories may know the one
  // missing.
  void seek_authority(const pki::Verdict& verdict);

  // Does a method of certstore/operations.hpp on the pool; `reply` comes on the loop, after the new snapshot where it
  // changed one. `password` is needed where needs_keys() says so.
  using Reply = std::function<void(Result<Json>)>;
  void perform(const std::string& method, Json params, Secret password, const Reply& reply);

 private:
  std::shared_ptr<const pki::Trust> with_answers() const;  // of what is in use
  void finish(const std::string& method, const Result<Json>& outcome, const Reply& reply);

  EventLoop& loop_;
  KeyRing& keys_;
  CertificateStore store_;
  TrustRules rules_;
  EntrustSettings settings_;
  OcspAnswers ocsp_;
  CaQuest quest_;
  std::string problem_;
  std::function<void(const Reading&)> read_;
  std::vector<std::function<void()>> waiting_;  // for the snapshot being made
  bool loading_ = false;
  bool again_ = false;
};

}  // namespace ipsec9000
