#include "boot.hpp"

#include "base/text.hpp"
#include "kernel_side.hpp"
#include "policy/boot.hpp"

namespace ipsec9000 {

namespace {
int status_of(const Error& error) { return error.code == ErrorCode::not_permitted ? 4 : 1; }

Result<std::size_t> install(Kernel& kernel, Configuration configuration) {
  KernelSide side(kernel);
  if (auto blocked = side.block_by_default(); !blocked) return blocked.error();
  const auto set = PolicySet::make(std::move(configuration));
  const auto applied = side.bring_in_step(*set);
  if (!applied) return applied.error();
  return set->configuration.policies.size();
}

// Somebody ran IPSec here, so that its policies must hold although it cannot start.
BootOutcome stay_closed(const Paths& paths, Kernel& kernel, BootObstacle obstacle, ParsedConfiguration parsed) {
  const int status = obstacle == BootObstacle::invalid_configuration ? 2 : 1;
  std::string text = "not started at boot: " + std::string(sentence(obstacle));
  if (!parsed.valid()) parsed = load_configuration(last_configuration(paths));
  if (!parsed.valid() || !parsed.configuration->startup.bootup) return {status, text + "; no policies are in force"};
  const auto installed = install(kernel, std::move(*parsed.configuration));
  if (!installed) return {status, text + "; the policies of the last start: " + installed.error().text};
  return {status, text + "; the policies of the last start are in the kernel: what they secure is blocked"};
}
}  // namespace

BootOutcome install_at_boot(const Paths& paths, Kernel& kernel) {
  auto parsed = load_configuration(paths.configuration());
  const auto obstacle = boot_obstacle(paths, parsed);
  if (obstacle == BootObstacle::off) return {0, "not started at boot: " + std::string(sentence(*obstacle))};
  if (obstacle == BootObstacle::never_started) return {1, "not started at boot: " + std::string(sentence(*obstacle))};
  if (obstacle) return stay_closed(paths, kernel, *obstacle, std::move(parsed));
  const auto startup = parsed.configuration->startup;
  const auto installed = install(kernel, std::move(*parsed.configuration));
  if (!installed) return {status_of(installed.error()), "putting the policies in place: " + installed.error().text};
  if (auto written = write_start_file(paths, startup); !written)
    return {status_of(written.error()), written.error().text};
  return {0, std::to_string(*installed) + " policies are in the kernel"};
}

}  // namespace ipsec9000
