// The peer's CERTREQ payloads (RFC 2408, 3.10; RFC 4945, 3.2): which certificate of ours it gets.
#include <algorithm>

#include "ike/authentication.hpp"
#include "ike/engine_core.hpp"
#include "pki/identities.hpp"

namespace ipsec9000::ike {

// Chosen anew until it is shown, among those with the kind of key that is agreed already.
void Core::heed_requests(Session& session, const std::vector<Bytes>& authorities) {
  if (session.own == nullptr || authorities.empty()) return;
  for (const auto& name : authorities)
    if (session.requested.size() < requests_remembered &&
        std::ranges::find(session.requested, name) == session.requested.end())
      session.requested.push_back(name);
  CertificateWish wish{session.requested, session.own->key.kind()};
  if (std::ranges::find(wish.authorities, Bytes{}) != wish.authorities.end()) wish.authorities.clear();  // any CA
  auto own = credentials_.own_certificate(*session.policy, session.local.address, wish);
  if (own) session.own = std::move(*own);
}

// The peer has proven that the certificate is its own, and is taken though it may be revoked.
void Core::note_tolerated(const Session& session, const VerifyOutcome& outcome) {
  if (outcome.verdict.unchecked.empty()) return;
  note(audit::crl_tolerated, {{"remote", session.remote.address.to_string()}, {"reason", outcome.verdict.unchecked}},
       session.dialogue.correlation);
}

// The peer did not take our certificate: perhaps because of this. "" where it got what it asked for.
std::string Core::why_unwanted(const Session& session) {
  const auto& names = session.requested;
  if (session.own == nullptr || names.empty() || std::ranges::find(names, Bytes{}) != names.end()) return "";
  return unwanted_text(*session.own, names);
}

}  // namespace ipsec9000::ike
