// A root, and what is needed to judge by it.
#pragma once
#include <stdexcept>

#include "pki/validate.hpp"
#include "support/certificates.hpp"

namespace ipsec9000::test {

inline pki::Certificate read(const Issued& issued) {
  auto certificate = pki::Certificate::parse(issued.der());
  if (!certificate) throw std::runtime_error(certificate.error().text);
  return std::move(*certificate);
}

inline pki::Crl read_crl(const Bytes& der) {
  auto crl = pki::Crl::parse(der);
  if (!crl) throw std::runtime_error(crl.error().text);
  return std::move(*crl);
}

inline Identity id(std::string_view text) {
  auto identity = Identity::parse(text);
  if (!identity) throw std::runtime_error(identity.error().text);
  return std::move(*identity);
}

inline CertificateSpec host_spec() {
  CertificateSpec spec;
  spec.alternative_names = "IP:10.1.0.1,DNS:Host.Example,email:user@host.example";
  return spec;
}

inline pki::Verdict judge(pki::TrustContents contents, const std::vector<Bytes>& sent, std::string_view claimed,
                          std::optional<Identity> expected = {}, WallTime now = pki_now) {
  return pki::validate(pki::Trust(std::move(contents)), sent, id(claimed), expected, now);
}

inline std::string failure_of(const pki::Verdict& verdict) {
  return verdict.failure ? std::string(to_string(verdict.failure->kind)) : "";
}

inline const pki::Step* step_of(const pki::Verdict& verdict, pki::StepKind kind) {
  for (const auto& step : verdict.steps)
    if (step.kind == kind) return &step;
  return nullptr;
}

}  // namespace ipsec9000::test
