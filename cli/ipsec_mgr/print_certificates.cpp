#include "cli/ipsec_mgr/print_certificates.hpp"

#include <nlohmann/json.hpp>

#include "cli/common/show.hpp"

namespace ipsec9000::cli {

namespace {
std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 1, width), ' ');
  return text;
}

std::string line(std::string label, const std::string& value) {
  return padded(std::move(label) + ":", 14) + value + "\n";
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}
}  // namespace

std::string certificate_line(const Json& certificate) {
  return "Name: " + text_of(certificate, "name") + "     Kind: " + text_of(certificate, "kind") +
         "     Subject: " + text_of(certificate, "subject") + "     Serial: " + text_of(certificate, "serial") +
         "     Expires: " + text_of(certificate, "not_after") + "\n";
}

std::string certificate_block(const Json& certificate) {
  std::string block = line("Name", text_of(certificate, "name")) + line("Kind", text_of(certificate, "kind"));
  block += line("Subject", text_of(certificate, "subject")) + line("Issuer", text_of(certificate, "issuer"));
  block += line("Serial", text_of(certificate, "serial"));
  block += line("Valid", text_of(certificate, "not_before") + " to " + text_of(certificate, "not_after"));
  block += line("Names", joined(texts_of(certificate, "names")));
  block += line("Key", text_of(certificate, "key") + ", " + text_of(certificate, "bits") + " bits");
  block += line("Signature", text_of(certificate, "digest"));
  block += line("Fingerprint", text_of(certificate, "fingerprint"));
  const auto crls = joined(texts_of(certificate, "crl_urls")), responders = joined(texts_of(certificate, "ocsp_urls"));
  if (!crls.empty()) block += line("CRL", crls);
  if (!responders.empty()) block += line("OCSP", responders);
  return block;
}

std::string crl_block(const Json& crl) {
  const auto next = text_of(crl, "next_update");
  return "CRL: " + text_of(crl, "id") + "     Issuer: " + text_of(crl, "issuer") +
         "     Revoked: " + text_of(crl, "revoked") + "     Of: " + text_of(crl, "this_update") +
         "     Next: " + (next.empty() ? "not said" : next) + "\n";
}

std::string verdict_block(const Json& verdict) {
  auto block = text_of(verdict, "name") + ": " + (flag_of(verdict, "ok") ? "accepted" : "not accepted") + "\n";
  const auto* steps = member(verdict, "steps");
  if (steps == nullptr || !steps->is_array()) return block;
  for (const auto& step : *steps)
    block += "  " + padded(text_of(step, "step"), 12) + padded(flag_of(step, "ok") ? "ok" : "FAILED", 8) +
             text_of(step, "text") + "\n";
  return block;
}

}  // namespace ipsec9000::cli
