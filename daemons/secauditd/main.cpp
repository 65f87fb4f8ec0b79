// secauditd: receives the audit records of the other programs and keeps the audit trail.
#include <memory>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "daemon/daemon.hpp"
#include "service.hpp"

using namespace ipsec9000;

int main(int argc, char** argv) {
  std::string level = "error";
  std::string directory;
  std::string max_kilobytes = "100";

  const auto build = [&](DaemonContext& context) -> Result<std::unique_ptr<DaemonService>> {
    TrailSettings settings;
    const auto parsed_level = parse_audit_level(level);
    if (!parsed_level) return parsed_level.error().within("--level");
    settings.level = *parsed_level;
    const auto kilobytes = parse_number(max_kilobytes, max_trail_kilobytes);
    if (!kilobytes || *kilobytes == 0)
      return Error{ErrorCode::invalid_input,
                   "--max-kilobytes must be a whole number from 1 to " + std::to_string(max_trail_kilobytes)};
    settings.max_kilobytes = static_cast<std::uint32_t>(*kilobytes);
    settings.directory = directory.empty() ? context.paths.log_directory() : std::filesystem::absolute(directory);
    auto trail = AuditTrail::open(settings, wall_now());
    if (!trail) return trail.error();
    return std::unique_ptr<DaemonService>(std::make_unique<AuditService>(context, std::move(*trail)));
  };

  return run_daemon(
      {.name = "secauditd",
       .summary =
           "Keeps the audit trail of IPSec/9000: receives records from the other daemons and writes the audit file",
       .options = {{"--level", "LEVEL", "Write records up to this level: alert, error, warning, informative, debug",
                    &level},
                   {"--directory", "DIR", "Where the audit files are (default: /var/log/ipsec9000 below --root)",
                    &directory},
                   {"--max-kilobytes", "KB", "Size at which a new audit file begins", &max_kilobytes}},
       .build = build},
      argc, argv);
}
