// ikpmd: the IKE daemon. Negotiates ISAKMP SAs and IPSec SAs and keeps the kernel's SA table.
#include <cstdio>
#include <cstring>

#include "fetch/child.hpp"
#include "service.hpp"

using namespace ipsec9000;

namespace {
// "--flush": takes every SA of ours out of the kernel and ends; for when no daemon lives that could do it.
int flush() {
  auto kernel = NetlinkKernel::open();
  if (!kernel) {
    std::fprintf(stderr, "ikpmd: %s\n", kernel.error().text.c_str());
    return kernel.error().code == ErrorCode::not_permitted ? 4 : 1;
  }
  const auto removed = KernelSas(**kernel).remove_all_ours();
  if (!removed) std::fprintf(stderr, "ikpmd: %s\n", removed.error().text.c_str());
  return removed ? 0 : 1;
}

// The service and its methods, which must not outlive it.
class Ikpmd final : public DaemonService {
 public:
  Ikpmd(DaemonContext& context, std::unique_ptr<Kernel> kernel)
      : service_(context, std::move(kernel)), methods_(service_, context.server, context.loop) {}
  Result<void> start() override { return service_.start(); }
  void add_status(Json& status) const override { service_.add_status(status); }

 private:
  IkeService service_;
  IkeMethods methods_;
};
}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[argc - 1], "--flush") == 0) return flush();
  if (argc == 2 && std::strcmp(argv[1], "--fetch") == 0) return fetch::child_main();  // started by FetchProcess
  const auto build = [](DaemonContext& context) -> Result<std::unique_ptr<DaemonService>> {
    auto kernel = NetlinkKernel::open();
    if (!kernel) return kernel.error();
    return std::unique_ptr<DaemonService>(std::make_unique<Ikpmd>(context, std::move(*kernel)));
  };
  return run_daemon({.name = "ikpmd",
                     .summary = "Negotiates ISAKMP SAs and IPSec SAs (IKE, UDP 500) and keeps the kernel's SA table; "
                                "--flush alone removes this suite's SAs from the kernel",
                     .options = {},
                     .build = build},
                    argc, argv);
}
