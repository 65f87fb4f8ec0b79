#include "cli/common/service_manager.hpp"

#include "base/text.hpp"
#include "cli/common/processes.hpp"

namespace ipsec9000::cli {

namespace {
constexpr Duration unit_limit{90'000};

Result<void> systemctl(const std::string& verb, const std::string& daemon) {
  const auto unit = daemon + ".service";
  const auto finished = run_to_end("/usr/bin/systemctl", {verb, unit}, unit_limit);
  if (!finished) return finished.error();
  if (finished->status == 0) return {};
  const auto said = std::string(trim(finished->said));
  return Error{ErrorCode::refused, "systemctl " + verb + " " + unit + " failed" + (said.empty() ? "" : "\n" + said) +
                                       "\nsee journalctl -u " + unit};
}
}  // namespace

bool units_are_installed(const Paths& paths) {
  std::error_code failure;
  if (!paths.root.empty() || !std::filesystem::is_directory("/run/systemd/system", failure)) return false;
  const auto prefix = daemon_directory().parent_path().parent_path();
  return std::filesystem::exists(prefix / "lib/systemd/system/secpolicyd.service", failure);
}

Result<void> start_unit(const std::string& daemon) { return systemctl("start", daemon); }
Result<void> stop_unit(const std::string& daemon) { return systemctl("stop", daemon); }

}  // namespace ipsec9000::cli
