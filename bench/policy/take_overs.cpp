#include <benchmark/benchmark.h>

#include <chrono>
#include <thread>

#include "asker.hpp"
#include "benchmarks.hpp"
#include "configurations.hpp"
#include "process_memory.hpp"
#include "suite.hpp"

namespace ipsec9000::bench {

namespace {
// `ipsec_admin -reload` from few policies to very many (the time of the row) and back, while somebody asks which policy
// is for a packet.
void take_over(benchmark::State& state) {
  constexpr std::size_t few = 100;
  Suite suite;
  const auto many = configuration_text(Kind::exact, static_cast<std::size_t>(state.range(0)));
  suite.configure(configuration_text(Kind::exact, few));
  suite.start();
  double up = 0, down = 0, back = 0, idle = 0;
  for (auto _ : state) {
    suite.configure(many);
    Asker asker_idle(suite.socket("secpolicyd"));  // what the machine alone makes of it
    std::this_thread::sleep_for(std::chrono::seconds(5));
    idle = std::max(idle, asker_idle.end());
    Asker asker_up(suite.socket("secpolicyd"));
    auto begin = Clock::now();
    suite.tool("ipsec_admin -reload >/dev/null");
    state.SetIterationTime(milliseconds_since(begin) / 1000);
    up = std::max(up, asker_up.end());
    suite.configure(configuration_text(Kind::exact, few));
    Asker asker_down(suite.socket("secpolicyd"));
    begin = Clock::now();
    suite.tool("ipsec_admin -reload >/dev/null");
    back = std::max(back, milliseconds_since(begin));
    down = std::max(down, asker_down.end());
  }
  state.counters["back_ms"] = back;
  state.counters["longest_wait_idle_ms"] = idle;
  state.counters["longest_wait_ms"] = up;
  state.counters["longest_wait_back_ms"] = down;
  state.counters["peak_mb"] = peak_megabytes(suite.pid_file("secpolicyd"));
}
}  // namespace

void register_take_overs() {
  benchmark::RegisterBenchmark("take_over", take_over)
      ->Unit(benchmark::kMillisecond)
      ->UseManualTime()
      ->Iterations(2)
      ->ArgsProduct({{1'000, 10'000, 100'000, 190'000}});
}

}  // namespace ipsec9000::bench
