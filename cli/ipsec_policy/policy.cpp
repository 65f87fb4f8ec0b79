#include <nlohmann/json.hpp>
#include <ostream>

#include "base/address.hpp"
#include "cli/common/daemons.hpp"
#include "cli/common/print_policy.hpp"
#include "cli/common/program.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_policy/query.hpp"

namespace ipsec9000::cli {

namespace {
constexpr std::size_t sas_maximum = 1000;

// Is the SA of this packet's policy, and between its addresses as far as the packet names them?
bool belongs(const SadEntry& entry, const std::string& policy, const Json& query) {
  if (entry.policy != policy) return false;
  const auto end = [&](const char* name) { return IpAddress::parse(text_of(query, name)); };
  const auto source = end("source");
  const auto destination = end("destination");
  const auto holds = [](const std::string& prefix_text, const Result<IpAddress>& address) {
    const auto prefix = Prefix::parse(prefix_text);
    return !address || address->is_any() || !prefix || prefix->contains(*address);
  };
  const auto& selector = entry.selector;
  return (holds(selector.source, source) && holds(selector.destination, destination)) ||
         (holds(selector.source, destination) && holds(selector.destination, source));
}

// Without ikpmd there are no SAs to show, which is no reason to fail.
std::vector<SadEntry> sas_in_use(Daemons& daemons, const std::string& policy, const Json& query) {
  std::vector<SadEntry> sas;
  (void)daemons.pages("ikpmd", "sad.list", Json::object(), [&](const Json& item) -> Result<void> {
    auto entry = sad_entry_from_json(item);
    if (entry && sas.size() < sas_maximum && belongs(*entry, policy, query)) sas.push_back(std::move(*entry));
    return {};
  });
  return sas;
}

void print_answer(std::ostream& out, const Json& document, const Json& query, const Json& policy,
                  const std::vector<SadEntry>& sas) {
  out << print_policy(policy);
  if (const auto end =
          print_local_end(document, text_of(query, text_of(query, "direction") == "in" ? "destination" : "source"));
      !end.empty())
    out << "\n" << end;
  if (const auto* isakmp = member(document, "isakmp_policy")) out << "\n" << print_isakmp(*isakmp);
  if (const auto* agrees = member(document, "kernel_agrees"); agrees != nullptr && *agrees == false)
    out << "\nThe kernel does not agree: its policies are not in step\n";
  if (const auto candidates = print_candidates(document); !candidates.empty()) out << "\n" << candidates;
  for (std::size_t n = 0; n < sas.size(); ++n) out << "\n" << print(sas[n], n + 1);
  if (sas.empty() && text_of(policy, "action") == "secure") out << "\nNo SAs in use\n";
}
}  // namespace

int ipsec_policy(Context& context) {
  const auto query = query_from(context.arguments);
  if (!query) return context.fail("command line", query.error());
  Daemons daemons(context.paths);
  auto document = daemons.call("secpolicyd", "policy.query", *query);
  if (!document) return context.fail(daemon_failure("asking for the policy", document.error()));
  const auto* policy = member(*document, "policy");
  if (policy == nullptr)
    return context.fail({Exit::failed, "asking for the policy", "secpolicyd's answer names no policy", ""});
  std::vector<SadEntry> sas;
  if (text_of(*policy, "action") == "secure") sas = sas_in_use(daemons, text_of(*policy, "name"), *query);
  if (!context.json) {
    print_answer(context.out, *document, *query, *policy, sas);
    return 0;
  }
  Json list = Json::array();
  for (const auto& entry : sas) list.push_back(to_json(entry));
  (*document)["sas"] = std::move(list);
  context.out << document->dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  return 0;
}

}  // namespace ipsec9000::cli
