#include "pki/credentials.hpp"

#include <algorithm>
#include <tuple>

#include "pki/identities.hpp"

namespace ipsec9000::pki {

bool issued_under(const Credential& credential, const std::vector<Bytes>& accepted) {
  if (accepted.empty()) return true;
  const auto is_accepted = [&](const Bytes& name) {  // by RFC 5280, 7.1: not every CA writes its name in one way
    return std::ranges::any_of(accepted, [&](const Bytes& one) {
      return same_identity({IdType::der_dn, one}, {IdType::der_dn, name});
    });
  };
  return is_accepted(credential.certificate.issuer_der()) ||
         std::ranges::any_of(credential.chain, [&](const Certificate& ca) { return is_accepted(ca.issuer_der()); });
}

const Credential* Credentials::choose(const std::optional<Identity>& local, const std::vector<PublicKeyKind>& kinds,
                                      const std::vector<Bytes>& accepted, WallTime now) const {
  const Credential* best = nullptr;
  const auto rank = [&](const Credential& credential) {
    return std::tuple(issued_under(credential, accepted), credential.certificate.not_after());
  };
  for (const auto& credential : own) {
    const auto& certificate = credential.certificate;
    if (local && !has_name(certificate, *local)) continue;
    if (std::ranges::find(kinds, certificate.key_kind()) == kinds.end()) continue;
    if (now < certificate.not_before() || now > certificate.not_after()) continue;
    if (best == nullptr || rank(credential) > rank(*best)) best = &credential;
  }
  return best;
}

}  // namespace ipsec9000::pki
