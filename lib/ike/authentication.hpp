// How the two ends prove who they are: what keys SKEYID, what is sent as proof, what proves the peer (RFC 2409, 5.1 and
// 5.4). One strategy a method; the exchanges ask the one of the ISAKMP policy and do not know which it is.
//
// Who we are: the policy's local_id; else with pre-shared keys our address, and with a certificate our address if it is
// one of its names, else its subject, else its first name: what we say must stand in the certificate.
// Who the peer must be: the policy's remote_id, else its address. With a pre-shared key it says just that. With a
// certificate, what it says and what we expect must both be names of that certificate; they may be two of its names.
#pragma once
#include <optional>
#include <variant>
#include <vector>

#include "ike/certificates.hpp"
#include "ike/methods.hpp"
#include "ike/phase1.hpp"

namespace ipsec9000::ike {

using Payloads = std::vector<wire::Payload>;
using Proving = std::variant<Payloads, SignJob>;              // the proof, or what makes it
using Checking = std::variant<Identity, VerifyJob, Refusal>;  // who the peer is, or what finds it out

class Authentication {
 public:
  virtual ~Authentication() = default;
  // What it takes, and we do not have.
  virtual std::optional<Refusal> lacks(const phase1::Context& context) const = 0;
  virtual Secret skeyid(const phase1::Context& context, HashAlgorithm hash, ByteView ni, ByteView nr,
                        const Secret& shared) const = 0;
  virtual Identity our_identity(const phase1::Context& context) const = 0;
  // CERTREQ payloads: which authorities we trust.
  virtual Payloads requests(const phase1::Context& context) const = 0;
  // Proves that we know what `hash` (HASH_I or HASH_R) was made from.
  virtual Proving prove(const phase1::Context& context, const Bytes& hash) const = 0;
  virtual Payloads signed_proof(const phase1::Context& context, const SignOutcome& outcome) const = 0;
  // `hash`: what the peer should have proven. Nothing expensive.
  virtual Checking check(const phase1::Context& context, const phase1::AuthMessage& message,
                         const Bytes& hash) const = 0;
  // An encrypted message that makes no sense.
  virtual Refusal unreadable(const Error& error) const = 0;
  // What may be wrong when nothing is heard after the proof was sent; "" or ": ...".
  virtual std::string_view doubt() const = 0;
  // Both ends have the same keys before either has proven itself, so that they can speak in private about what went
  // wrong.
  virtual bool keys_before_proof() const = 0;
};
const Authentication& authentication_of(AuthenticationMethod method);

// What to prove ourselves with by this policy; null when there is nothing, or nothing is needed.
std::shared_ptr<const pki::Credential> find_own(const IsakmpPolicy& policy, const IpAddress& local,
                                                const Credentials& credentials);
// The method to offer and to take: a number of wire::oakley. It goes by our key, for both ends have the same kind.
std::uint16_t method_number(const phase1::Context& context);

}  // namespace ipsec9000::ike
