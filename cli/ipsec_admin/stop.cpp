#include <nlohmann/json.hpp>
#include <ostream>

#include "base/text.hpp"
#include "cli/common/processes.hpp"
#include "cli/common/service_manager.hpp"
#include "cli/ipsec_admin/commands.hpp"
#include "cli/ipsec_admin/shutdown.hpp"
#include "policy/boot.hpp"

namespace ipsec9000::cli {

int admin_stop(Context& context) {
  Daemons daemons(context.paths);
  // First: without it systemd starts none of them again.
  if (auto removed = remove_start_file(context.paths); !removed) return context.fail("stopping IPSec", removed.error());
  if (!end_supervision(daemons))
    return context.fail({Exit::failed, "stopping IPSec", std::string(supervisor_name) + " does not end",
                         "end it by its process id, then try again"});
  const auto result = shut_down(daemons, {daemon_names.begin(), daemon_names.end()}, daemon_directory());
  // They have ended; this takes back what systemd remembers of them, a restart that it still has in mind included.
  if (units_are_installed(context.paths))
    for (const auto name : daemon_names) (void)stop_unit(std::string(name));
  if (!result.failures.empty())
    return context.fail({Exit::failed, "stopping IPSec", join(result.failures, "\n"), "the kernel may not be clean"});
  if (context.json) {
    context.out << Json{{"stopped", result.stopped}, {"killed", result.killed}, {"cleaned", result.cleaned}}.dump(2)
                << "\n";
    return 0;
  }
  for (const auto& name : result.killed) context.out << name << " did not answer and was ended by force\n";
  const bool ran = !result.stopped.empty() || !result.killed.empty();
  context.out << (ran ? "IPSec stopped\n" : "IPSec was not running\n");
  return 0;
}

}  // namespace ipsec9000::cli
