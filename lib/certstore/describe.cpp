#include "certstore/describe.hpp"

#include <nlohmann/json.hpp>

namespace ipsec9000 {

Json describe(const CertificateEntry& entry) {
  const auto& certificate = entry.certificate;
  Json names = Json::array();
  for (const auto& name : certificate.names()) names.push_back(name.to_string());
  return {{"kind", std::string(to_string(entry.kind))},
          {"name", entry.name},
          {"subject", certificate.subject()},
          {"issuer", certificate.issuer()},
          {"serial", certificate.serial()},
          {"not_before", to_rfc3339(certificate.not_before())},
          {"not_after", to_rfc3339(certificate.not_after())},
          {"names", std::move(names)},
          {"key", std::string(to_string(certificate.key_kind()))},
          {"bits", certificate.key_bits()},
          {"digest", certificate.signature_digest()},
          {"fingerprint", certificate.fingerprint()},
          {"crl_urls", certificate.crl_urls()},
          {"ocsp_urls", certificate.ocsp_urls()}};
}

Json describe(const pki::Crl& crl) {
  Json next = nullptr;
  if (const auto due = crl.next_update()) next = to_rfc3339(*due);
  return {{"id", crl_id(crl)},
          {"issuer", crl.issuer()},
          {"number", crl.number()},
          {"this_update", to_rfc3339(crl.this_update())},
          {"next_update", std::move(next)},
          {"revoked", crl.revoked()}};
}

Json describe(const pki::Verdict& verdict) {
  Json steps = Json::array();
  for (const auto& step : verdict.steps)
    steps.push_back({{"step", std::string(to_string(step.kind))}, {"ok", step.ok}, {"text", step.text}});
  Json out{{"ok", verdict.ok()}, {"steps", std::move(steps)}, {"failure", nullptr}};
  if (verdict.failure)
    out["failure"] = {{"kind", std::string(to_string(verdict.failure->kind))},
                      {"text", verdict.failure->text},
                      {"wanted", verdict.failure->wanted},
                      {"found", verdict.failure->found}};
  return out;
}

}  // namespace ipsec9000
