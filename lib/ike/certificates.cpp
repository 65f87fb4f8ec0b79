#include "ike/certificates.hpp"

#include <algorithm>
#include <array>

#include "ike/methods.hpp"
#include "pki/identities.hpp"
#include "wire/numbers.hpp"

namespace ipsec9000::ike {

namespace {
using pki::PkiFailureKind;
namespace notify = wire::notify;

struct FailureInfo {
  PkiFailureKind kind;
  const AuditEvent* event;
  const char* differs;
  std::uint16_t notify;
};
constexpr std::array failures{
    FailureInfo{PkiFailureKind::no_certificate, &audit::cert_missing, "certificate", notify::certificate_unavailable},
    FailureInfo{PkiFailureKind::bad_encoding, &audit::cert_bad_encoding, "certificate", notify::invalid_cert_encoding},
    FailureInfo{PkiFailureKind::weak_key, &audit::cert_weak, "certificate", notify::invalid_certificate},
    FailureInfo{PkiFailureKind::weak_digest, &audit::cert_weak, "certificate", notify::invalid_certificate},
    FailureInfo{PkiFailureKind::unknown_ca, &audit::cert_unknown_ca, "certificate", notify::invalid_cert_authority},
    FailureInfo{PkiFailureKind::chain_too_long, &audit::cert_unknown_ca, "certificate", notify::invalid_cert_authority},
    FailureInfo{PkiFailureKind::bad_signature, &audit::cert_invalid, "certificate", notify::invalid_certificate},
    FailureInfo{PkiFailureKind::not_yet_valid, &audit::cert_not_yet_valid, "certificate", notify::invalid_certificate},
    FailureInfo{PkiFailureKind::expired, &audit::cert_expired, "certificate", notify::invalid_certificate},
    FailureInfo{PkiFailureKind::bad_usage, &audit::cert_invalid, "certificate", notify::invalid_certificate},
    FailureInfo{PkiFailureKind::name_constraint, &audit::cert_invalid, "certificate", notify::invalid_certificate},
    FailureInfo{PkiFailureKind::revoked, &audit::cert_revoked, "certificate", notify::invalid_certificate},
    FailureInfo{PkiFailureKind::crl_unavailable, &audit::crl_unavailable, "certificate", notify::invalid_certificate},
    FailureInfo{PkiFailureKind::identity_mismatch, &audit::cert_identity_mismatch, "identity",
                notify::authentication_failed},
};

Refusal refusal_of(const pki::PkiFailure& failure) {
  const auto* found =
      std::find_if(failures.begin(), failures.end(), [&](const auto& known) { return known.kind == failure.kind; });
  const auto& info = found != failures.end() ? *found : failures.front();
  Refusal refusal;
  refusal.event = info.event;
  refusal.fields = {{"reason", failure.text}, {"found", failure.found}, {"wanted", failure.wanted}};
  refusal.reason = "certificate-" + std::string(to_string(failure.kind));
  refusal.difference = {info.differs, failure.found, failure.wanted};
  refusal.notify = info.notify;
  return refusal;
}

Refusal bad_signature(const std::string& why) {
  Refusal refusal;
  refusal.event = &audit::auth_failed;
  refusal.fields = {{"reason", "its signature does not verify: " + why}};
  refusal.reason = "authentication-failed";
  refusal.difference.attribute = "certificate";
  refusal.notify = notify::invalid_signature;
  return refusal;
}
}  // namespace

std::optional<Refusal> judge(const VerifyOutcome& outcome) {
  if (outcome.objection) return bad_signature(*outcome.objection);
  if (!outcome.verdict.failure) return std::nullopt;
  auto refusal = refusal_of(*outcome.verdict.failure);
  refusal.fatal = outcome.verdict.leaf.has_value();
  return refusal;
}

Result<std::shared_ptr<const pki::Credential>> choose_own(const std::shared_ptr<const pki::Credentials>& ours,
                                                          const IsakmpPolicy& policy, const IpAddress& local,
                                                          WallTime now, const CertificateWish& wish) {
  const auto kinds = wish.key ? std::vector{*wish.key} : key_kinds(policy.authentication);
  const auto chosen = [&](const std::optional<Identity>& name) {
    return ours->choose(name, kinds, wish.authorities, now);
  };
  const auto* found = chosen(policy.local_id ? policy.local_id : Identity::of(local));
  if (!policy.local_id && (found == nullptr || !pki::issued_under(*found, wish.authorities))) {
    const auto* any = chosen(std::nullopt);
    if (found == nullptr || (any != nullptr && pki::issued_under(*any, wish.authorities))) found = any;
  }
  if (found != nullptr) return std::shared_ptr<const pki::Credential>(ours, found);
  const auto method = to_string(policy.authentication);
  if (ours->own.empty()) return Error{ErrorCode::not_found, "none with its private key is stored"};
  // The one that would have done once, or will, is what to look at.
  for (const auto& [name, certificate, chain, key] : ours->own) {
    const bool fits = std::ranges::find(kinds, certificate.key_kind()) != kinds.end() &&
                      (!policy.local_id || pki::has_name(certificate, *policy.local_id));
    if (!fits || (now >= certificate.not_before() && now <= certificate.not_after())) continue;
    const auto when = now > certificate.not_after() ? " has expired at " + to_rfc3339(certificate.not_after())
                                                    : " is not valid before " + to_rfc3339(certificate.not_before());
    return Error{ErrorCode::not_found, "the certificate \"" + name + "\" (" + certificate.subject() + ")" + when};
  }
  if (policy.local_id)
    return Error{ErrorCode::not_found,
                 "none for " + method + " that is valid now has the name " + policy.local_id->to_string()};
  return Error{ErrorCode::not_found, "none for " + method + " is valid now"};
}

std::string unwanted_text(const pki::Credential& own, const std::vector<Bytes>& authorities) {
  constexpr std::size_t most_named = 3;
  if (pki::issued_under(own, authorities)) return "";
  std::string names;
  for (std::size_t i = 0; i < std::min(most_named, authorities.size()); ++i)
    names += (names.empty() ? "" : "; ") + Identity{IdType::der_dn, authorities[i]}.to_string();
  if (authorities.size() > most_named) names += " and " + std::to_string(authorities.size() - most_named) + " more";
  const auto& last = own.chain.empty() ? own.certificate : own.chain.back();
  return "the peer asks for certificates of " + names + ", ours is from " + last.issuer();
}

}  // namespace ipsec9000::ike
