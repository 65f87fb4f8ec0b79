// Public-key work: what takes milliseconds and runs on a thread pool. A job is a value that shares only what never
// changes, so that it may run anywhere at any time.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/secret.hpp"
#include "base/time.hpp"
#include "crypto/key_exchange.hpp"
#include "pki/private_key.hpp"
#include "pki/trust.hpp"
#include "pki/validate.hpp"
#include "wire/payloads.hpp"

namespace ipsec9000::ike {

// Without `ours` a key pair is made first; without `peer` it stays at that.
struct DhJob {
  Group group = Group::modp2048;
  std::shared_ptr<const DhKeyPair> ours;
  std::optional<Bytes> peer;
};
struct DhOutcome {
  std::shared_ptr<const DhKeyPair> ours;
  std::shared_ptr<const Secret> shared;  // null when the job had no peer value
};

// Our SIG payload (RFC 2409, 5.1): the signature of HASH_I or HASH_R.
struct SignJob {
  pki::PrivateKey key;
  Bytes hash;
};
struct SignOutcome {
  Bytes signature;
};

// Is the peer who it says, and has it signed this?
struct VerifyJob {
  std::shared_ptr<const pki::Trust> trust;
  std::vector<wire::Certificate> sent;  // at most most_certificates
  Identity claimed;
  std::optional<Identity> expected;  // must be a name of the certificate; absent: any peer that is trusted
  pki::PublicKeyKind key = pki::PublicKeyKind::rsa;
  Bytes hash;
  Bytes signature;
};
struct VerifyOutcome {
  pki::Verdict verdict;
  std::optional<std::string> objection;  // to the signature; absent: good, or there is no certificate to verify it by
};
inline constexpr std::size_t most_certificates = 16;  // in one message: chains are shorter

using Job = std::variant<DhJob, SignJob, VerifyJob>;
using JobOutcome = std::variant<DhOutcome, SignOutcome, VerifyOutcome>;

// Does the work; milliseconds. Safe to call on any thread. `now` is what certificates are valid at.
Result<JobOutcome> perform(const Job& job, WallTime now);

}  // namespace ipsec9000::ike
