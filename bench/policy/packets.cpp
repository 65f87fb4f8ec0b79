#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <thread>

#include "base/files.hpp"
#include "benchmarks.hpp"
#include "configurations.hpp"
#include "host.hpp"
#include "kernel_side.hpp"

namespace ipsec9000::bench {

namespace {
// One packet of a socket that is not connected, for which the kernel looks a policy up each time. The packet matches
// the default policy, so all that may win is compared.
class Sender {
 public:
  Sender() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    to_.sin_family = AF_INET;
    to_.sin_port = htons(9);
    to_.sin_addr.s_addr = htonl(0xc0000201);
  }
  bool send() const {
    return ::sendto(socket_.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) == 1;
  }

 private:
  FileDescriptor socket_;
  sockaddr_in to_{};
};

// state.range(0): policies; 0: none of ours at all.
void send_packet(benchmark::State& state, Kind kind) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto kernel = open_kernel();
  KernelSide side(*kernel);
  const auto set = PolicySet::make(count == 0 ? Configuration{} : configuration(kind, count));
  if (count != 0 && !side.bring_in_step(*set)) state.SkipWithError("installing");
  if (count == 0 && !kernel->set_default({PolicyAction::allow, PolicyAction::allow, PolicyAction::allow}))
    state.SkipWithError("the default action");
  const Sender sender;
  for (auto _ : state)
    if (!sender.send()) state.SkipWithError("sending");
  flush_policies(*kernel);
  (void)kernel->set_default({PolicyAction::allow, PolicyAction::allow, PolicyAction::allow});
}

// The kernel's hash of policies grows in the background, one doubling after another, each set off by an insertion: what
// packets pay right after a bulk load into a fresh network namespace, and how far the hash has got.
void after_load(benchmark::State& state) {
  enter_fresh_host();
  const auto kernel = open_kernel();
  KernelSide side(*kernel);
  const auto set = PolicySet::make(configuration(Kind::exact, static_cast<std::size_t>(state.range(0))));
  const Sender sender;
  const auto look = [&](const std::string& when) {
    constexpr int packets = 2000;
    const auto begin = cpu_seconds();
    for (int n = 0; n < packets; ++n)
      if (!sender.send()) state.SkipWithError("sending");
    state.counters["packet_us_" + when] = (cpu_seconds() - begin) / packets * 1e6;
    const auto info = kernel->spd_info();
    state.counters["buckets_" + when] = info ? info->hash_buckets : 0;
  };
  for (auto _ : state) {
    if (!side.bring_in_step(*set)) state.SkipWithError("installing");
    state.PauseTiming();
    look("at_once");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    look("after_100ms");
    std::this_thread::sleep_for(std::chrono::seconds(2));
    look("after_2s");
    state.ResumeTiming();
  }
  flush_policies(*kernel);
  (void)kernel->set_default({PolicyAction::allow, PolicyAction::allow, PolicyAction::allow});
}
}  // namespace

void register_packets() {
  const auto add = [](const char* name, Kind kind, std::vector<std::int64_t> counts) {
    benchmark::RegisterBenchmark(name, send_packet, kind)->ArgsProduct({std::move(counts)});
  };
  benchmark::RegisterBenchmark("after_load/exact", after_load)
      ->Unit(benchmark::kMillisecond)
      ->Iterations(1)
      ->ArgsProduct({{1'000, 10'000, 100'000}});
  add("send_packet/exact", Kind::exact, {0, 100, 1'000, 10'000, 100'000});
  add("send_packet/prefixes", Kind::prefixes, {100, 1'000, 10'000, 100'000});
  add("send_packet/mixed", Kind::mixed, {1'000, 10'000, 100'000});
  add("send_packet/expanded", Kind::expanded, {1'000, 10'000, 100'000});
  add("send_packet/wildcard", Kind::wildcard, {100, 1'000, 5'000});
  add("send_packet/services", Kind::services, {100, 1'000, 5'000});
}

}  // namespace ipsec9000::bench
