#include "cli/ipsec_report/explain_certificates.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/common/show.hpp"

namespace ipsec9000::cli {

namespace {
// Why a verdict of cert.check is none of acceptance.
std::string refusal(const Json& verdict) {
  if (flag_of(verdict, "ok")) return "";
  const auto* failure = member(verdict, "failure");
  const auto text = failure == nullptr ? std::string() : text_of(*failure, "text");
  return text.empty() ? "not accepted" : text;
}

std::string refusal_of(const Json& verdicts, const std::string& name) {
  const auto* items = member(verdicts, "items");
  if (items == nullptr || !items->is_array()) return "";
  const auto found =
      std::find_if(items->begin(), items->end(), [&](const Json& verdict) { return text_of(verdict, "name") == name; });
  return found == items->end() ? "" : refusal(*found);
}
}  // namespace

std::optional<CertificateState> find_certificates(Daemons& daemons, const std::string& method, WallTime now) {
  CertificateState state;
  const auto verdicts = daemons.call("ikpmd", "cert.check", Json::object());  // an error when there are none
  const std::string wanted_key = method == "rsa-signature" ? "RSA" : "ECDSA";
  const auto own = daemons.pages("ikpmd", "cert.list", Json::object(), [&](const Json& item) -> Result<void> {
    if (text_of(item, "kind") != "own" || !text_of(item, "key").starts_with(wanted_key)) return {};
    const auto name = text_of(item, "name");
    state.own.push_back({name, text_of(item, "not_after"), verdicts ? refusal_of(*verdicts, name) : ""});
    return {};
  });
  const auto cas = daemons.pages("ikpmd", "ca.list", Json::object(), [&](const Json& item) -> Result<void> {
    state.cas.push_back(text_of(item, "subject"));
    return {};
  });
  const auto today = to_rfc3339(now);  // in this form the order of texts is that of times
  const auto crls = daemons.pages("ikpmd", "crl.list", Json::object(), [&](const Json& item) -> Result<void> {
    const auto next = text_of(item, "next_update");
    state.crls.push_back({text_of(item, "issuer"), text_of(item, "this_update"), next, !next.empty() && next < today});
    return {};
  });
  if (!own || !cas || !crls) return std::nullopt;
  return state;
}

Json to_json(const CertificateState& state) {
  Json own = Json::array(), crls = Json::array();
  for (const auto& each : state.own)
    own.push_back({{"name", each.name},
                   {"not_after", each.not_after},
                   {"refused", each.refused.empty() ? Json(nullptr) : Json(each.refused)}});
  for (const auto& crl : state.crls)
    crls.push_back({{"issuer", crl.issuer},
                    {"this_update", crl.this_update},
                    {"next_update", crl.next_update.empty() ? Json(nullptr) : Json(crl.next_update)},
                    {"overdue", crl.overdue}});
  return {{"own", std::move(own)}, {"cas", state.cas}, {"crls", std::move(crls)}};
}

std::string in_words(const CertificateState& state) {
  std::string text;
  for (const auto& own : state.own)
    text += "Certificate: " + own.name + ", until " + own.not_after +
            (own.refused.empty() ? "" : "     Not accepted: " + own.refused) + "\n";
  if (state.own.empty()) text += "Certificate: none\n";
  text += "Trusted CAs: " + (state.cas.empty() ? "none" : join(state.cas, "; ")) + "\n";
  for (const auto& crl : state.crls)
    text += "CRL: " + crl.issuer + "     Of: " + crl.this_update +
            "     Next: " + (crl.next_update.empty() ? "not said" : crl.next_update) +
            (crl.overdue ? " (overdue)" : "") + "\n";
  if (state.crls.empty()) text += "CRL: none\n";
  return text;
}

std::vector<std::string> advice(const CertificateState& state) {
  std::vector<std::string> out;
  const auto usable = [](const CertificateState::Own& own) { return own.refused.empty(); };
  if (state.own.empty())
    out.emplace_back(
        "No certificate of this host has a key of the kind that the ISAKMP policy wants. Import one with its private "
        "key: ipsec_mgr cert import.");
  else if (std::none_of(state.own.begin(), state.own.end(), usable))
    out.push_back("The certificate " + state.own.front().name + " of this host would be refused: " +
                  state.own.front().refused + ". ipsec_mgr cert check names the step.");
  if (state.cas.empty())
    out.emplace_back("No CA is trusted, so no certificate of a peer can be accepted: ipsec_mgr ca add.");
  for (const auto& crl : state.crls)
    if (crl.overdue)
      out.push_back("The CRL of " + crl.issuer + " ended at " + crl.next_update +
                    ": add a newer one, or its address (ipsec_mgr crl add).");
  return out;
}

}  // namespace ipsec9000::cli
