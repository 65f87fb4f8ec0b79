#include "cli/ipsec_report/metrics.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/common/show.hpp"

namespace ipsec9000::cli {

namespace {
constexpr std::size_t most_policies = 10'000;  // series of one metric

using Labels = std::vector<std::pair<std::string_view, std::string>>;

// https://prometheus.io/docs/instrumenting/exposition_formats: backslash, quote and newline are escaped in values.
std::string escaped(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

class Page {
 public:
  void metric(std::string_view name, std::string_view type, std::string_view help) {
    name_ = "ipsec9000_" + std::string(name);
    text_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " " + std::string(type) + "\n";
  }
  template <class Number>
  void value(const Labels& labels, Number number, std::string_view suffix = "") {
    text_ += name_ + std::string(suffix);
    for (std::size_t n = 0; n < labels.size(); ++n)
      text_ += (n == 0 ? "{" : ",") + std::string(labels[n].first) + "=\"" + escaped(labels[n].second) + "\"";
    text_ += (labels.empty() ? " " : "} ") + std::to_string(number) + "\n";
  }
  template <class Number>
  void single(std::string_view name, std::string_view type, std::string_view help, Number number) {
    metric(name, type, help);
    value({}, number);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

void add_daemons(Page& page, Daemons& daemons) {
  page.metric("daemon_up", "gauge", "Whether the daemon answers.");
  for (const auto name : daemon_names)
    page.value({{"daemon", std::string(name)}}, daemons.state(name) == DaemonState::running ? 1 : 0);
}

// In seconds, each bucket with all that is below it, as the format wants.
void add_histogram(Page& page, const Json& milliseconds) {
  const auto* bounds = member(milliseconds, "bounds");
  const auto* counts = member(milliseconds, "counts");
  if (bounds == nullptr || counts == nullptr || !bounds->is_array() || !counts->is_array() ||
      counts->size() != bounds->size() + 1)
    return;
  page.metric("main_mode_seconds", "histogram", "How long successful Main Mode negotiations took.");
  std::uint64_t total = 0;
  for (std::size_t n = 0; n < counts->size(); ++n) {
    if (!(*counts)[n].is_number_unsigned()) return;
    total += (*counts)[n].get<std::uint64_t>();
    std::string bound = "+Inf";
    if (n < bounds->size()) {
      const auto limit = (*bounds)[n].is_number_integer() ? (*bounds)[n].get<std::int64_t>() : 0;
      bound = std::to_string(limit / 1000) + "." + std::to_string(1000 + limit % 1000).substr(1);
    }
    page.value({{"le", bound}}, total, "_bucket");
  }
  page.value({}, static_cast<double>(number_of(milliseconds, "sum")) / 1000.0, "_sum");
  page.value({}, total, "_count");
}

void add_negotiations(Page& page, Daemons& daemons) {
  const auto status = daemons.call("ikpmd", "ike.status", Json::object());
  if (!status) return;
  page.single("isakmp_sas", "gauge", "Established ISAKMP SAs.", number_of(*status, "isakmp_sas"));
  page.single("negotiating", "gauge", "Negotiations under way.", number_of(*status, "negotiating"));
  const auto* statistics = member(*status, "statistics");
  if (statistics == nullptr) return;
  page.metric("negotiations_total", "counter", "Negotiations that succeeded, by phase.");
  page.value({{"phase", "main"}}, number_of(*statistics, "isakmp_sas_made"));
  page.value({{"phase", "quick"}}, number_of(*statistics, "ipsec_pairs_made"));
  page.metric("negotiation_failures_total", "counter", "Negotiations that failed, by reason.");
  if (const auto* failures = member(*statistics, "failures"); failures != nullptr && failures->is_object())
    for (const auto& [reason, count] : failures->items())
      page.value({{"reason", safe(reason)}}, number_of(*failures, reason));
  if (const auto* took = member(*statistics, "main_mode_milliseconds")) add_histogram(page, *took);
}

void add_sas_and_policies(Page& page, Daemons& daemons) {
  std::map<std::pair<std::string, std::string>, std::uint64_t> by_state;
  std::map<std::string, std::uint64_t> by_policy;
  const auto listed = daemons.pages("ikpmd", "sad.list", Json::object(), [&](const Json& item) -> Result<void> {
    ++by_state[{text_of(item, "protocol"), text_of(item, "state")}];
    const auto policy = text_of(item, "policy");
    if (by_policy.size() < most_policies || by_policy.contains(policy)) ++by_policy[policy];
    return {};
  });
  if (listed) {
    page.metric("ipsec_sas", "gauge", "IPSec SAs in the kernel.");
    for (const auto& [key, count] : by_state) page.value({{"protocol", key.first}, {"state", key.second}}, count);
  }
  std::set<std::string> secure;
  std::uint64_t policies = 0;
  const auto known =
      daemons.pages("secpolicyd", "policy.list", Json{{"view", "configured"}}, [&](const Json& item) -> Result<void> {
        ++policies;
        if (text_of(item, "action") == "secure" && secure.size() < most_policies) secure.insert(text_of(item, "name"));
        return {};
      });
  if (!known) return;
  page.single("policies", "gauge", "Policies in the configuration, the default one among them.", policies);
  if (!listed) return;
  page.metric("policy_sas", "gauge", "IPSec SAs of each policy that secures; 0 is configured and down.");
  for (const auto& name : secure) page.value({{"policy", name}}, by_policy[name]);
}

void add_policy_state(Page& page, Daemons& daemons) {
  const auto status = daemons.call("secpolicyd", "policy.status", Json::object());
  if (!status) return;
  page.single("policies_in_step", "gauge", "Whether the kernel holds exactly the policies that it should.",
              flag_of(*status, "in_step") ? 1 : 0);
  page.single("policy_repairs_total", "counter", "Times that kernel policies changed by others were put right.",
              number_of(*status, "repairs"));
  page.single("acquires_total", "counter", "Times that the kernel asked for SAs.", number_of(*status, "acquires"));
}

void add_audit(Page& page, Daemons& daemons) {
  const auto status = daemons.call("secauditd", "audit.status", Json::object());
  if (!status) return;
  page.single("audit_records_total", "counter", "Audit records written.", number_of(*status, "records"));
  page.single("audit_records_lost_total", "counter", "Audit records that daemons could not keep.",
              number_of(*status, "dropped"));
  page.single("audit_writable", "gauge", "Whether the audit trail can be written.",
              member(*status, "problem") == nullptr ? 1 : 0);
}

void add_drops(Page& page, const Result<XfrmStatistics>& counts) {
  if (!counts) return;
  page.metric("kernel_drops_total", "counter", "Packets that the kernel's IPsec dropped, by the kernel's counter.");
  for (const auto& [name, count] : *counts) page.value({{"counter", safe(name)}}, count);
}
}  // namespace

std::string metrics(Daemons& daemons, const Result<XfrmStatistics>& drops) {
  Page page;
  add_daemons(page, daemons);
  add_negotiations(page, daemons);
  add_sas_and_policies(page, daemons);
  add_policy_state(page, daemons);
  add_audit(page, daemons);
  add_drops(page, drops);
  return page.take();
}

}  // namespace ipsec9000::cli
