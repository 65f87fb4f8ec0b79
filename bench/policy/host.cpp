#include "host.hpp"

#include <malloc.h>
#include <sched.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>

namespace ipsec9000::bench {

void run(const std::string& command) {
  if (std::system(("export PATH=/usr/sbin:/usr/bin:/sbin:/bin; " + command).c_str()) == 0) return;
  std::cerr << "failed: " << command << "\n";
  std::exit(1);
}

void enter_fresh_host() {
  if (::unshare(CLONE_NEWNET) != 0) {
    std::cerr << "no network namespace can be made here (root is needed)\n";
    std::exit(77);
  }
  run("ip link set lo up && ip link add wire type veth peer name far && ip link set far up && "
      "ip addr add 10.9.0.1/16 dev wire && ip link set wire up && "
      "ip neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev wire nud permanent && "
      "ip route add default via 10.9.0.2");
}

std::unique_ptr<Kernel> open_kernel() {
  auto kernel = NetlinkKernel::open();
  if (kernel) return std::move(*kernel);
  std::cerr << kernel.error().text << "\n";
  std::exit(1);
}

void flush_policies(Kernel& kernel) {
  const auto all = kernel.dump_policies();
  if (!all) std::exit(1);
  std::vector<PolicyHandle> handles;
  for (const auto& state : *all) handles.push_back(state.handle());
  if (!kernel.delete_policies(handles).empty()) std::exit(1);
}

std::size_t heap_bytes() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::size_t kernel_slab_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  std::size_t kilobytes = 0;
  std::string unit;
  while (file >> name >> kilobytes) {
    std::getline(file, unit);
    if (name == "SUnreclaim:") return kilobytes * 1024;
  }
  return 0;
}

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace ipsec9000::bench
