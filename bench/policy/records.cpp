#include <benchmark/benchmark.h>

#include <chrono>
#include <fstream>

#include "asker.hpp"
#include "audit/events.hpp"
#include "benchmarks.hpp"
#include "configurations.hpp"
#include "daemon/audit_client.hpp"
#include "process_memory.hpp"
#include "suite.hpp"

namespace ipsec9000::bench {

namespace {
std::uintmax_t bytes_in(const std::filesystem::path& directory) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) bytes += entry.file_size();
  return bytes;
}

// A daemon that has a hundred thousand different things to say each second, for ten seconds, to the real secauditd:
// what of a second it needs for that, and what is written.
void record(benchmark::State& state) {
  constexpr int a_second = 100'000, at_once = 1'000;
  Suite suite;
  suite.configure(configuration_text(Kind::exact, 1));
  suite.start();
  const auto written_before = bytes_in(suite.log_directory());
  EventLoop loop;
  AuditClient client(loop, suite.socket("secauditd"), "bench");
  client.start();
  double busy = 0, longest_second = 0;
  int number = 0;
  for (auto _ : state) {
    const auto begin = Clock::now();
    for (int part = 0; part < a_second / at_once; ++part) {
      const auto part_begin = Clock::now();
      for (int n = 0; n < at_once; ++n)
        client.record(audit::mm_failed, {{"remote", "10.1.0.2"}, {"reason", std::to_string(++number)}});
      busy += milliseconds_since(part_begin);
      EventLoop::Timer next(loop);  // every hundredth of a second a thousand
      const double left = (part + 1) * 1000.0 * at_once / a_second - milliseconds_since(begin);
      next.arm(Duration(std::max(0, static_cast<int>(left))), [&] { loop.stop(); });
      loop.run();
    }
    longest_second = std::max(longest_second, milliseconds_since(begin));
  }
  const double seconds = static_cast<double>(state.iterations());
  state.counters["recording_ms_a_second"] = busy / seconds;
  state.counters["longest_second_ms"] = longest_second;
  state.counters["queued"] = static_cast<double>(client.queued());
  state.counters["dropped"] = static_cast<double>(client.dropped());
  state.counters["written_kb_a_second"] =
      static_cast<double>(bytes_in(suite.log_directory()) - written_before) / 1024 / seconds;
  state.counters["secauditd_peak_mb"] = peak_megabytes(suite.pid_file("secauditd"));
}
}  // namespace

void register_records() {
  benchmark::RegisterBenchmark("record", record)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(10);
}

}  // namespace ipsec9000::bench
