#include <nlohmann/json.hpp>
#include <ostream>

#include "base/text.hpp"
#include "cli/ipsec_admin/commands.hpp"
#include "cli/ipsec_admin/processes.hpp"
#include "cli/ipsec_admin/shutdown.hpp"

namespace ipsec9000::cli {

int admin_stop(Context& context) {
  Daemons daemons(context.paths);
  const auto result = shut_down(daemons, {daemon_names.begin(), daemon_names.end()}, daemon_directory());
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
