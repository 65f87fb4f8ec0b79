// Runs where network namespaces can be made; ends with 77 ("skipped") elsewhere.
#define CATCH_CONFIG_RUNNER
#include <sched.h>

#include <cerrno>
#include <cstring>
#include <iostream>

#include "host.hpp"

int main(int argc, char** argv) {
  if (::unshare(CLONE_NEWNET) != 0) {
    std::cout << "all skipped: no network namespace can be made: " << ::strerrordesc_np(errno) << "\n";
    return 77;
  }
  const auto kernel = ipsec9000::NetlinkKernel::open();
  if (!kernel) {
    std::cout << "all skipped: " << kernel.error().text << "\n";
    return 77;
  }
  if (const auto found = (*kernel)->probe(); found) {
    std::cout << "kernel " << found->release << "\n";
    for (const auto& problem : found->problems) std::cout << "  " << problem << "\n";
  }
  const int status = Catch::Session().run(argc, argv);
  for (const auto& untested : ipsec9000::skipped())
    std::cout << "skipped, as this kernel has no ESP or AH: " << untested << "\n";
  return status;
}
