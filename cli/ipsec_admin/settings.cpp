#include <nlohmann/json.hpp>
#include <ostream>

#include "audit/events.hpp"
#include "audit/prune.hpp"
#include "base/address.hpp"
#include "base/text.hpp"
#include "cli/common/daemons.hpp"
#include "cli/common/print_changes.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_admin/commands.hpp"
#include "policy/boot.hpp"

namespace ipsec9000::cli {

namespace {
constexpr std::uint64_t trail_kilobytes_maximum = 4'000'000;

// A secauditd that is started again is to have what was chosen while its predecessor ran.
Result<void> keep_for_restarts(const Paths& paths, const Json& answer) {
  auto startup = read_start_file(paths);
  if (!startup) return {};  // IPSec was not brought up by -start
  startup->audit_level = text_of(answer, "level");
  startup->audit_directory = std::filesystem::path(text_of(answer, "file")).parent_path();
  startup->audit_max_kilobytes = static_cast<std::uint32_t>(number_of(answer, "max_kilobytes"));
  return write_start_file(paths, *startup);
}
}  // namespace

Result<Json> audit_settings(const Arguments& arguments) {
  Json settings = Json::object();
  if (const auto level = arguments.value("auditlvl")) {
    const auto parsed = parse_audit_level(*level);
    if (!parsed) return parsed.error();
    settings["level"] = std::string(to_string(*parsed));
  }
  if (const auto directory = arguments.value("audit"))
    settings["directory"] = std::filesystem::absolute(*directory).lexically_normal().string();
  if (const auto size = arguments.value("maxsize")) {
    const auto kilobytes = parse_number(*size, trail_kilobytes_maximum);
    if (!kilobytes || *kilobytes == 0)
      return Error{ErrorCode::invalid_input,
                   "-maxsize: expected kilobytes from 1 to " + std::to_string(trail_kilobytes_maximum)};
    settings["max_kilobytes"] = *kilobytes;
  }
  return settings;
}

int admin_audit(Context& context) {
  const auto settings = audit_settings(context.arguments);
  if (!settings) return context.fail("audit settings", settings.error());
  Daemons daemons(context.paths);
  const auto answer = daemons.call("secauditd", "audit.configure", *settings);
  if (!answer) return context.fail(daemon_failure("changing the audit settings", answer.error()));
  if (const auto kept = keep_for_restarts(context.paths, *answer); !kept)
    context.err << context.tool.name << ": warning: " << safe(kept.error().text) << "\n";
  if (context.json) {
    context.out << answer->dump(2) << "\n";
  } else {
    context.out << "Audit level: " << text_of(*answer, "level") << "\nAudit file: " << text_of(*answer, "file")
                << "\nMax Audit file size: " << text_of(*answer, "max_kilobytes") << " KBytes\n";
  }
  return 0;
}

int admin_auditprune(Context& context) {
  const auto keep = parse_audit_keep(*context.arguments.value("auditprune"));
  if (!keep) return context.fail("-auditprune", keep.error());
  Daemons daemons(context.paths, seconds(60));
  const auto answer =
      daemons.call("secauditd", "audit.prune",
                   keep->files != 0 ? Json{{"keep_files", keep->files}} : Json{{"keep_days", keep->days}});
  if (!answer) return context.fail(daemon_failure("removing old audit files", answer.error()));
  if (context.json) {
    context.out << answer->dump(2) << "\n";
    return 0;
  }
  const auto* removed = member(*answer, "removed");
  const auto count = removed != nullptr && removed->is_array() ? removed->size() : 0;
  context.out << "Audit files removed: " << count << ", " << number_of(*answer, "bytes") / 1024 << " KBytes";
  if (const auto number = number_of(*answer, "number"); number != 0) context.out << ", with records up to " << number;
  context.out << "; kept: " << number_of(*answer, "kept") << "\n";
  return 0;
}

int admin_reload(Context& context) {
  Daemons daemons(context.paths, seconds(120));
  const auto answer = daemons.call("secpolicyd", "policy.reload", Json::object());
  if (!answer) {
    auto why = failure("reloading the policies", answer.error());
    if (why.exit == Exit::usage) why.remedy = "nothing was changed";
    return context.fail(why);
  }
  if (const auto remembered = remember_configuration(context.paths); !remembered)
    context.err << context.tool.name << ": warning: " << safe(remembered.error().text) << "\n";
  if (context.json) {
    context.out << answer->dump(2) << "\n";
  } else {
    print_changes(context.out, *answer);
    context.out << "Policies reloaded\n";
  }
  return 0;
}

int admin_deletesa(Context& context) {
  const auto remote = IpAddress::parse(*context.arguments.value("deletesa"));
  if (!remote) return context.fail("-deletesa", remote.error());
  Daemons daemons(context.paths);
  const auto answer = daemons.call("ikpmd", "ike.delete", Json{{"remote", remote->to_string()}}, telling_patience);
  if (!answer) return context.fail(daemon_failure("deleting SAs", answer.error()));
  if (context.json)
    context.out << answer->dump(2) << "\n";
  else
    context.out << "Deleted with " << remote->to_string() << ": ISAKMP SAs: " << number_of(*answer, "isakmp_sas")
                << ", IPSec SAs: " << number_of(*answer, "ipsec_sas") << "\n";
  if (const auto untold = number_of(*answer, "peer_not_told"); untold != 0)
    context.err << context.tool.name << ": warning: " << remote->to_string() << " was not told of " << untold
                << " IPSec SAs, for want of an ISAKMP SA with it: it keeps its own until INVALID-SPI or dead peer "
                   "detection ends them; ipsec_report -failures "
                << remote->to_string() << " says why\n";
  if (const auto telling = number_of(*answer, "peer_being_told"); telling != 0)
    context.err << context.tool.name << ": warning: " << remote->to_string() << " has not answered yet: it is told of "
                << telling << " IPSec SAs if it does within half a minute; if not, ipsec_report -audit says so\n";
  return 0;
}

}  // namespace ipsec9000::cli
