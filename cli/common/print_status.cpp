#include "cli/common/print_status.hpp"

#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/common/daemons.hpp"
#include "cli/common/show.hpp"

namespace ipsec9000::cli {

namespace {
std::string state_shown(const std::string& state) {
  if (state == to_string(DaemonState::running)) return "Running and responding";
  if (state == to_string(DaemonState::not_responding)) return "Running but not responding";
  return "Not running";
}

std::string or_unknown(const std::string& text) { return text.empty() ? "Unknown" : text; }

// "audit on, packets on, counters off: why".
std::string sources_shown(const Json& status) {
  const auto* sources = member(status, "kernel_events");
  if (sources == nullptr || !sources->is_object()) return "Unknown";
  std::vector<std::string> parts;
  for (const auto& [name, state] : sources->items()) parts.push_back(safe(name) + " " + text_of(*sources, name));
  return parts.empty() ? "None" : join(parts, ", ");
}

std::string boot_shown(const Json& status) {
  const auto* boot = member(status, "boot");
  const auto* enabled = boot == nullptr ? nullptr : member(*boot, "enabled");
  if (enabled == nullptr || !enabled->is_boolean()) return "Unknown";
  if (!enabled->get<bool>()) return "Off";
  return text_of(*boot, "obstacle").empty() ? "On" : "On, but it will not start (see below)";
}

// "ipsec9000-supervisor, secauditd 0 times, ikpmd 2 times".
std::string supervision_shown(const Json& status) {
  const auto* supervision = member(status, "supervision");
  const auto by = supervision == nullptr ? std::string() : text_of(*supervision, "by");
  if (by.empty()) return "Nobody";
  std::vector<std::string> parts{by};
  const auto* restarts = member(*supervision, "restarts");
  if (restarts != nullptr && restarts->is_object())
    for (const auto& [name, count] : restarts->items())
      if (count.is_number_unsigned() && count != 0)
        parts.push_back(safe(name) + " " + count.dump() + (count == 1 ? " time" : " times"));
  return join(parts, ", ");
}

std::string in_step_shown(const Json& status) {
  if (text_of(status, "kernel") == "down") return "none";
  const auto* in_step = member(status, "in_step");
  if (in_step == nullptr || !in_step->is_boolean()) return "unknown";
  return in_step->get<bool>() ? "in step" : "not in step";
}
}  // namespace

// "tcp, to /var/log/ipsec9000/trace-...: on, packets by nftables: 12 packets, 6 IKE messages, 9 of 10240 KBytes".
std::string trace_shown(const Json& trace) {
  constexpr std::uint64_t kilobyte = 1024;
  const auto lost = number_of(trace, "lost");
  return text_of(trace, "protocols") + ", to " + text_of(trace, "file") + ": " + text_of(trace, "state") +
         ", packets by " + text_of(trace, "source") + ": " + text_of(trace, "packets") + " packets, " +
         text_of(trace, "messages") + " IKE messages" + (lost == 0 ? "" : ", " + std::to_string(lost) + " times lost") +
         ", " + std::to_string((number_of(trace, "size") + kilobyte - 1) / kilobyte) + " of " +
         text_of(trace, "max_kilobytes") + " KBytes";
}

std::string hp_date(WallTime time) {
  const auto seconds_only = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::localtime_r(&seconds_only, &parts);
  // In English wherever we run, as the rest of the report.
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s %s %d %02d:%02d:%02d %d", days[static_cast<std::size_t>(parts.tm_wday)],
                months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_mday, parts.tm_hour, parts.tm_min,
                parts.tm_sec, parts.tm_year + 1900);
  return text.data();
}

std::string print_status(const Json& status, const std::string& time) {
  const Json nothing = Json::object();
  const auto* known_daemons = member(status, "daemons");
  const auto* known_audit = member(status, "audit");
  const auto& daemons = known_daemons != nullptr ? *known_daemons : nothing;
  const auto& audit = known_audit != nullptr ? *known_audit : nothing;
  auto text = "----------------- IPSec Status Report -----------------\nTime: " + time + "\n\n";
  for (const auto name : daemon_names)
    text += std::string(name) + " program: " + state_shown(text_of(daemons, name)) + "\n";
  text += "IPSec kernel: " + or_unknown(capital(text_of(status, "kernel"))) + "\n";
  text += "Policies in the kernel: " + in_step_shown(status) + "\n";
  text += "IPSec Audit level: " + or_unknown(capital(text_of(audit, "level"))) + "\n";
  text += "IPSec Audit file: " + or_unknown(text_of(audit, "file")) + "\n";
  const auto size = text_of(audit, "max_kilobytes");
  text += "Max Audit file size: " + (size.empty() ? "Unknown" : size + " KBytes") + "\n";
  text += "IPSec Policy file: " + or_unknown(text_of(status, "configuration")) + "\n";
  text += "Key store: " + or_unknown(capital(text_of(status, "keystore"))) + "\n";
  text += "Dropped packets are told by: " + sources_shown(status) + "\n";
  text += "Daemons are started again by: " + supervision_shown(status) + "\n";
  text += "IPSec at boot-up: " + boot_shown(status) + "\n";
  const auto* trace = member(status, "trace");
  text += "Level 4 tracing: " + (trace == nullptr ? "None" : trace_shown(*trace)) + "\n";
  const auto count = [&](const char* name) { return or_unknown(text_of(status, name)); };
  text += "Policies: " + count("policies") + "     ISAKMP SAs: " + count("isakmp_sas") +
          "     IPSec SAs: " + count("ipsec_sas") + "\n";
  text += "Repairs in the kernel: " + count("repairs") + "     Kernel events lost: " + count("overruns") + "\n";
  for (const auto& problem : texts_of(status, "problems")) text += "Problem: " + problem + "\n";
  return text + "-------------- End of IPSec Status Report --------------\n";
}

}  // namespace ipsec9000::cli
