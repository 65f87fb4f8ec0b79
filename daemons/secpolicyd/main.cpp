// secpolicyd: the policies of IPSec/9000. Which policy is for a packet, and the kernel's policies kept to it.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "audit/events.hpp"
#include "base/text.hpp"
#include "boot.hpp"
#include "policy/host_check.hpp"
#include "service.hpp"

using namespace ipsec9000;

namespace {
constexpr const char* summary =
    "Keeps the policies of IPSec/9000 in the kernel and answers which policy is for a packet. With --withdraw it takes "
    "all policies of IPSec/9000 out of the kernel and ends; with --boot it puts them there, if IPSec is to start with "
    "the "
    "system, and ends.";

// Without a running daemon: for ipsec_admin -stop after a crash.
int withdraw() {
  auto kernel = NetlinkKernel::open();
  const auto done = kernel ? KernelSide(**kernel).withdraw() : Result<void>(kernel.error());
  if (done) return 0;
  std::fprintf(stderr, "secpolicyd: taking the policies out of the kernel: %s\n",
               escape_control(done.error().text).c_str());
  return done.error().code == ErrorCode::not_permitted ? 4 : 1;
}

// The first stage of a start with the system.
int boot(const char* root) {
  auto kernel = NetlinkKernel::open();
  if (!kernel) {
    std::fprintf(stderr, "secpolicyd: %s\n", escape_control(kernel.error().text).c_str());
    return kernel.error().code == ErrorCode::not_permitted ? 4 : 1;
  }
  const auto outcome = install_at_boot(Paths{root == nullptr ? "" : root}, **kernel);
  std::fprintf(stderr, "secpolicyd: %s\n", escape_control(outcome.text).c_str());
  return outcome.exit_status;
}

// A start that fails ends before the loop runs; what secauditd should hear of it gets this long.
void record_refusal(DaemonContext& context, const std::string& reason) {
  constexpr Duration patience{500};
  context.audit.start();
  context.audit.record(audit::policy_reload_failed,
                       {{"file", context.paths.configuration().string()}, {"reason", reason}});
  EventLoop::Timer limit(context.loop);
  limit.arm(patience, [&] { context.loop.stop(); });
  context.audit.when_drained([&] { context.loop.stop(); });
  context.loop.run();
}

Result<std::unique_ptr<DaemonService>> build(DaemonContext& context) {
  auto parsed = load_configuration(context.paths.configuration());
  const bool silent = parsed.messages.empty();  // about the file alone
  add_host_warnings(parsed, context.paths.configuration());
  for (const auto& line : parsed.lines()) std::fprintf(stderr, "secpolicyd: %s\n", line.c_str());
  if (!parsed.valid()) {
    record_refusal(context, join(parsed.lines(), "; "));
    return Error{ErrorCode::invalid_input, "the configuration is not valid (" + std::to_string(parsed.errors()) +
                                               " errors); nothing was changed"};
  }
  auto kernel = NetlinkKernel::open();
  if (!kernel) return kernel.error();
  auto service = std::make_unique<PolicyService>(context, std::move(*kernel), std::move(*parsed.configuration));
  service->remember({std::move(parsed.text), std::move(parsed.spans)}, silent);
  service->record_discards();
  return std::unique_ptr<DaemonService>(std::move(service));
}
}  // namespace

int main(int argc, char** argv) {
  const char* root = std::getenv("IPSEC9000_ROOT");  // NOLINT(concurrency-mt-unsafe): there is one thread so far
  for (int n = 1; n + 1 < argc; ++n)
    if (std::strcmp(argv[n], "--root") == 0) root = argv[n + 1];
  for (int n = 1; n < argc; ++n) {
    if (std::strcmp(argv[n], "--withdraw") == 0) return withdraw();
    if (std::strcmp(argv[n], "--boot") == 0) return boot(root);
  }
  return run_daemon({.name = "secpolicyd", .summary = summary, .options = {}, .build = build}, argc, argv);
}
