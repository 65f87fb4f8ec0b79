#include <benchmark/benchmark.h>

#include "asker.hpp"
#include "benchmarks.hpp"
#include "configurations.hpp"
#include "host.hpp"
#include "policy/compile.hpp"
#include "suite.hpp"

namespace ipsec9000::bench {

namespace {
std::size_t policies_in(Kernel& kernel) {
  const auto info = kernel.spd_info();
  return info ? std::size_t{info->in} + info->out + info->forward : 0;
}

// From the disturbance by another program until the kernel holds as many policies as before.
template <class Disturb>
void repair(benchmark::State& state, Disturb disturb) {
  Suite suite;
  suite.configure(configuration_text(Kind::exact, static_cast<std::size_t>(state.range(0))));
  suite.start();
  const auto kernel = open_kernel();
  const auto all = policies_in(*kernel);
  double longest = 0;
  for (auto _ : state) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));  // what followed the last one is over
    Asker asker(suite.socket("secpolicyd"));
    disturb(*kernel);
    const auto begin = Clock::now();
    while (policies_in(*kernel) < all) {
      if (milliseconds_since(begin) > 60'000) return state.SkipWithError("not repaired");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    state.SetIterationTime(milliseconds_since(begin) / 1000);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    longest = std::max(longest, asker.end());
  }
  state.counters["entries"] = static_cast<double>(all);
  state.counters["longest_wait_ms"] = longest;
}

void repair_one(benchmark::State& state) {
  repair(state, [](Kernel& kernel) {
    const PolicyKey key{
        {*Prefix::parse("10.9.0.1/32"), *Prefix::parse("11.0.0.50/32"), IpProtocol::tcp, {}, PortMask::one(23)},
        PolicyDirection::out,
        policy_owner};
    if (!kernel.delete_policy(key)) std::exit(1);
  });
}

void repair_flush(benchmark::State& state) {
  repair(state, [](Kernel&) { run("ip xfrm policy flush"); });
}

void add_repair(const char* name, void (*measure)(benchmark::State&)) {
  benchmark::RegisterBenchmark(name, measure)
      ->Unit(benchmark::kMillisecond)
      ->UseManualTime()
      ->Iterations(5)
      ->ArgsProduct({{100, 1'000, 10'000, 100'000}});
}
}  // namespace

void register_repairs() {
  add_repair("repair_one", repair_one);
  add_repair("repair_flush", repair_flush);
}

}  // namespace ipsec9000::bench
