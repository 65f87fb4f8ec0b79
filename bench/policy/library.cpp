#include <benchmark/benchmark.h>

#include "benchmarks.hpp"
#include "configurations.hpp"
#include "host.hpp"
#include "policy/compile.hpp"
#include "policy/kernel_view.hpp"
#include "policy/parse.hpp"
#include "policy_set.hpp"

namespace ipsec9000::bench {

namespace {
// Per policy, from what the heap grew by.
void count_memory(benchmark::State& state, std::size_t before, std::size_t policies) {
  state.counters["bytes_per_policy"] = static_cast<double>(heap_bytes() - before) / static_cast<double>(policies);
}

void parse_and_check(benchmark::State& state, Kind kind) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto text = configuration_text(kind, count);
  for (auto _ : state) {
    const auto before = heap_bytes();
    const auto parsed = parse_configuration(text, "bench");
    if (!parsed.valid()) state.SkipWithError("not valid");
    state.PauseTiming();
    count_memory(state, before, count);
    state.ResumeTiming();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}

void make_set(benchmark::State& state, Kind kind) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto given = configuration(kind, count);
  for (auto _ : state) {
    state.PauseTiming();
    auto copy = given;
    const auto before = heap_bytes();
    state.ResumeTiming();
    const auto set = PolicySet::make(std::move(copy));
    benchmark::DoNotOptimize(set.get());
    state.PauseTiming();
    count_memory(state, before, count);
    state.ResumeTiming();
  }
}

void compile_all(benchmark::State& state, Kind kind) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto set = PolicySet::make(configuration(kind, count));
  const auto reqids = set->keying.reqids();
  for (auto _ : state) {
    const auto before = heap_bytes();
    const auto entries = compile(set->configuration, reqids, {});
    benchmark::DoNotOptimize(entries.data());
    state.PauseTiming();
    count_memory(state, before, count);
    state.counters["entries"] = static_cast<double>(entries.size());
    state.ResumeTiming();
  }
}

void choose(benchmark::State& state, Kind kind) {
  const auto given = configuration(kind, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(choose_thresholds(given));
}

void query(benchmark::State& state, Kind kind) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto set = PolicySet::make(configuration(kind, count));
  const auto flows = packets(kind, count, 4096);
  std::size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(set->matcher.match(flows[next++ % 4096], Direction::out));
}

void acquire(benchmark::State& state, Kind kind) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto set = PolicySet::make(configuration(kind, count));
  const auto flows = packets(kind, count, 4096);
  std::size_t next = 0;
  for (auto _ : state) {
    const auto protection = set->keying.protection_for(flows[next % 4096]);
    next += 2;  // those that are secured
    if (!protection) state.SkipWithError("not secured");
  }
}

void add(const char* name, void (*measure)(benchmark::State&, Kind), benchmark::TimeUnit unit) {
  const std::vector<std::int64_t> counts{100, 1'000, 10'000, 100'000};
  for (const auto& [kind, words] : {std::pair{Kind::exact, "/exact"}, {Kind::prefixes, "/prefixes"}}) {
    auto* registered = benchmark::RegisterBenchmark((std::string(name) + words).c_str(), measure, kind);
    registered->Unit(unit)->ArgsProduct({counts});
  }
  auto* registered = benchmark::RegisterBenchmark((std::string(name) + "/wildcard").c_str(), measure, Kind::wildcard);
  registered->Unit(unit)->ArgsProduct({{100, 1'000, 5'000}});
}
}  // namespace

void register_library() {
  add("parse_and_check", parse_and_check, benchmark::kMillisecond);
  add("make_set", make_set, benchmark::kMillisecond);
  add("compile", compile_all, benchmark::kMillisecond);
  add("choose_thresholds", choose, benchmark::kMillisecond);
  add("query", query, benchmark::kNanosecond);
  add("acquire", acquire, benchmark::kNanosecond);
}

}  // namespace ipsec9000::bench
