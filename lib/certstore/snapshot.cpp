#include "certstore/snapshot.hpp"

#include <algorithm>

namespace ipsec9000 {

namespace {
constexpr std::size_t chain_maximum = 10;
}

std::vector<pki::Certificate> chain_of(const CertificateContents& contents, const pki::Certificate& certificate) {
  std::vector<pki::Certificate> chain;
  auto issuer = certificate.issuer_der();
  while (chain.size() < chain_maximum) {
    const auto found = std::ranges::find_if(contents.entries, [&](const auto& entry) {
      return entry.kind == EntryKind::ca && entry.certificate.subject_der() == issuer &&
             !entry.certificate.self_issued() &&
             std::ranges::find(chain, entry.certificate) == chain.end();  // CAs may certify each other
    });
    if (found == contents.entries.end()) break;
    chain.push_back(found->certificate);
    issuer = found->certificate.issuer_der();
  }
  return chain;
}

std::vector<std::string> crl_sources(const CertificateContents& contents) {
  auto urls = contents.sources;
  for (const auto& entry : contents.entries)
    for (const auto& url : entry.certificate.crl_urls())
      if (url.starts_with("http://") || url.starts_with("ldap://")) urls.push_back(url);
  std::ranges::sort(urls);
  urls.erase(std::unique(urls.begin(), urls.end()), urls.end());
  return urls;
}

pki::TrustContents trust_of(const CertificateContents& contents, const TrustRules& rules, const OcspAnswers& ocsp) {
  pki::TrustContents trust;
  for (const auto& ca : contents.of_kind(EntryKind::ca))
    (ca.self_issued() ? trust.anchors : trust.intermediates).push_back(ca);
  trust.known = contents.of_kind(EntryKind::peer);
  for (const auto& [id, crl] : contents.crls) trust.crls.push_back(crl);
  trust.ocsp = ocsp;
  trust.revocation = rules.revocation;
  trust.allow_legacy = rules.allow_legacy;
  return trust;
}

pki::Credentials credentials_of(const CertificateContents& contents, const std::map<std::string, Secret>& keys,
                                const TrustRules& rules, const OcspAnswers& ocsp) {
  pki::Credentials credentials;
  for (const auto& entry : contents.entries) {
    const auto secret = keys.find(entry.name);
    if (entry.kind != EntryKind::own || secret == keys.end()) continue;
    auto key = pki::PrivateKey::parse(secret->second);
    if (!key || !key->belongs_to(entry.certificate)) continue;
    credentials.own.push_back({entry.name, entry.certificate, chain_of(contents, entry.certificate), std::move(*key)});
  }
  credentials.trust = std::make_shared<const pki::Trust>(trust_of(contents, rules, ocsp));
  return credentials;
}

}  // namespace ipsec9000
