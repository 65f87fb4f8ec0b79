#include <benchmark/benchmark.h>

#include "benchmarks.hpp"
#include "configurations.hpp"
#include "suite.hpp"

namespace ipsec9000::bench {

namespace {
// `ipsec_admin -start` until it says that the policies are in the kernel and UDP 500 is bound.
void start(benchmark::State& state) {
  Suite suite;
  suite.configure(configuration_text(Kind::exact, static_cast<std::size_t>(state.range(0))));
  for (auto _ : state) {
    suite.start();
    state.PauseTiming();
    suite.stop();
    state.ResumeTiming();
  }
}

// A whole ipsec_policy process, from the shell's fork to its answer.
void ask(benchmark::State& state) {
  Suite suite;
  suite.configure(configuration_text(Kind::exact, static_cast<std::size_t>(state.range(0))));
  suite.start();
  for (auto _ : state)
    suite.tool("ipsec_policy -sa 10.9.0.1 -sp 40000 -da 11.0.0.50 -dp 23 -p tcp -dir out >/dev/null");
}

// A whole `ipsec_admin -reload` after one policy of the file was changed.
void reload(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  Suite suite;
  suite.configure(configuration_text(Kind::exact, count));
  suite.start();
  const auto one = configuration_text(Kind::exact, count);
  const auto two = configuration_text(Kind::exact, count, count / 2);
  bool second = false;
  for (auto _ : state) {
    state.PauseTiming();
    second = !second;
    suite.configure(second ? two : one);
    state.ResumeTiming();
    suite.tool("ipsec_admin -reload >/dev/null");
  }
}

// A policy of many gets another transform by `ipsec_mgr policy set`, and that is put into force by `ipsec_mgr apply`;
// of the two one is measured.
void edit(benchmark::State& state, bool measure_apply) {
  const auto count = static_cast<std::size_t>(state.range(0));
  Suite suite;
  suite.configure(configuration_text(Kind::exact, count));
  suite.start();
  bool second = false;
  for (auto _ : state) {
    second = !second;
    if (measure_apply) state.PauseTiming();
    suite.tool("ipsec_mgr policy set policy_" + std::to_string(count / 2) +
               (second ? " transforms=ESP-AES256-HMAC-SHA256" : " transforms=ESP-AES128-HMAC-SHA256") + " >/dev/null");
    if (measure_apply)
      state.ResumeTiming();
    else
      state.PauseTiming();
    suite.tool("ipsec_mgr apply >/dev/null");
    if (!measure_apply) state.ResumeTiming();
  }
}
void policy_set(benchmark::State& state) { edit(state, false); }
void apply(benchmark::State& state) { edit(state, true); }

void add(const char* name, void (*measure)(benchmark::State&)) {
  benchmark::RegisterBenchmark(name, measure)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->ArgsProduct({{100, 1'000, 10'000, 100'000}});
}
}  // namespace

void register_programs() {
  add("start", start);
  add("ipsec_policy", ask);
  add("reload", reload);
  add("policy_set", policy_set);
  add("apply", apply);
}

}  // namespace ipsec9000::bench
