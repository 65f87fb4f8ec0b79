// From what is at rest to what is in use.
#pragma once
#include <map>
#include <string>

#include "certstore/store.hpp"
#include "pki/credentials.hpp"

namespace ipsec9000 {

struct TrustRules {
  pki::Revocation revocation = pki::Revocation::tolerant;
  bool allow_legacy = false;
  bool operator==(const TrustRules&) const = default;
};

// What OCSP responders said, by the fingerprint of the certificate.
using OcspAnswers = std::map<std::string, pki::OcspAnswer>;

pki::TrustContents trust_of(const CertificateContents& contents, const TrustRules& rules, const OcspAnswers& ocsp = {});

// Own entries whose key is in `keys` (by entry name) and belongs to the certificate; the others stay out.
pki::Credentials credentials_of(const CertificateContents& contents, const std::map<std::string, Secret>& keys,
                                const TrustRules& rules, const OcspAnswers& ocsp = {});

// Where CRLs are to be fetched: what the certificates name, and what the administrator added; each once.
std::vector<std::string> crl_sources(const CertificateContents& contents);

// The CAs between a certificate and its root, nearest first, without the root.
std::vector<pki::Certificate> chain_of(const CertificateContents& contents, const pki::Certificate& certificate);

}  // namespace ipsec9000
