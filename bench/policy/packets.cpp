#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <sys/socket.h>

#include <iostream>

#include "base/files.hpp"
#include "benchmarks.hpp"
#include "configurations.hpp"
#include "host.hpp"
#include "kernel_side.hpp"

namespace ipsec9000::bench {

namespace {
// One packet of a socket that is not connected, for which the kernel looks a policy up each time. The packet matches
// the default policy, so all that may win is compared. state.range(0): policies; 0: none of ours at all.
void send_packet(benchmark::State& state, Kind kind) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto kernel = open_kernel();
  KernelSide side(*kernel);
  const auto set = PolicySet::make(count == 0 ? Configuration{} : configuration(kind, count));
  if (count != 0 && !side.bring_in_step(*set)) state.SkipWithError("installing");
  if (count == 0 && !kernel->set_default({PolicyAction::allow, PolicyAction::allow, PolicyAction::allow}))
    state.SkipWithError("the default action");
  FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  to.sin_addr.s_addr = htonl(0xc0000201);
  for (auto _ : state)
    if (::sendto(socket.get(), "x", 1, 0, reinterpret_cast<sockaddr*>(&to), sizeof to) != 1)
      state.SkipWithError("sending");
  flush_policies(*kernel);
  (void)kernel->set_default({PolicyAction::allow, PolicyAction::allow, PolicyAction::allow});
}
}  // namespace

void register_packets() {
  const auto add = [](const char* name, Kind kind, std::vector<std::int64_t> counts) {
    benchmark::RegisterBenchmark(name, send_packet, kind)->ArgsProduct({std::move(counts)});
  };
  add("send_packet/exact", Kind::exact, {0, 100, 1'000, 10'000, 100'000});
  add("send_packet/prefixes", Kind::prefixes, {100, 1'000, 10'000, 100'000});
  add("send_packet/mixed", Kind::mixed, {1'000, 10'000, 100'000});
  add("send_packet/expanded", Kind::expanded, {1'000, 10'000, 100'000});
  add("send_packet/wildcard", Kind::wildcard, {100, 1'000, 5'000});
  add("send_packet/services", Kind::services, {100, 1'000, 5'000});
}

}  // namespace ipsec9000::bench
