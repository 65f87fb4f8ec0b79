#include <benchmark/benchmark.h>

#include <algorithm>

#include "bare_batch.hpp"
#include "benchmarks.hpp"
#include "configurations.hpp"
#include "host.hpp"
#include "kernel_side.hpp"
#include "policy/kernel_view.hpp"

namespace ipsec9000::bench {

namespace {
std::vector<PolicySpec> compiled_specs(const PolicySet& set) {
  std::vector<PolicySpec> specs;
  for (auto& entry : compile(set.configuration, set.keying.reqids(), {})) specs.push_back(std::move(entry.spec));
  return specs;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Ours and the bare batch in turn, so that both have the same machine.
void install(benchmark::State& state, Kind kind) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto set = PolicySet::make(configuration(kind, count));
  const auto specs = compiled_specs(*set);
  const auto kernel = open_kernel();
  if (!kernel->set_hash_thresholds(choose_thresholds(set->configuration))) state.SkipWithError("thresholds");
  BareBatch bare;
  std::vector<double> ratios;
  for (auto _ : state) {
    flush_policies(*kernel);
    const auto slab = kernel_slab_bytes();
    auto begin = cpu_seconds();
    bare.add(specs);
    const auto bare_time = cpu_seconds() - begin;
    const auto used = kernel_slab_bytes();
    flush_policies(*kernel);
    begin = cpu_seconds();
    if (!kernel->add_policies(specs).empty()) state.SkipWithError("refused");
    const auto our_time = cpu_seconds() - begin;
    state.SetIterationTime(our_time);
    ratios.push_back(our_time / bare_time);
    if (used > slab)
      state.counters["kernel_bytes_per_entry"] = static_cast<double>(used - slab) / static_cast<double>(specs.size());
  }
  flush_policies(*kernel);
  state.counters["entries"] = static_cast<double>(specs.size());
  state.counters["entries_per_second"] =
      benchmark::Counter(static_cast<double>(specs.size()), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["ours_to_bare"] = median(ratios);
}

// From a changed configuration, checked and indexed, to the kernel changed: what -reload does with the kernel when one
// policy has another transform.
void change_one(benchmark::State& state, Kind kind) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto one = PolicySet::make(configuration(kind, count));
  auto other = one->configuration;
  other.policies[count / 2].transforms[0] = *Transform::parse("ESP-AES256-HMAC-SHA256");
  const auto two = PolicySet::make(std::move(other), one->keying.reqid_map());
  const auto kernel = open_kernel();
  KernelSide side(*kernel);
  if (!side.bring_in_step(*one)) state.SkipWithError("installing");
  bool second = false;
  for (auto _ : state) {
    second = !second;
    const auto applied = second ? side.change(*one, *two) : side.change(*two, *one);
    if (!applied || applied->updated < 2) state.SkipWithError("nothing was changed");
  }
  flush_policies(*kernel);
}

// The same by reading the kernel, compiling everything and comparing: any change, and the check after a disturbance.
void change_all(benchmark::State& state, Kind kind) {
  const auto set = PolicySet::make(configuration(kind, static_cast<std::size_t>(state.range(0))));
  const auto kernel = open_kernel();
  KernelSide side(*kernel);
  if (!side.bring_in_step(*set)) state.SkipWithError("installing");
  for (auto _ : state)
    if (const auto applied = side.bring_in_step(*set); !applied || !applied->nothing())
      state.SkipWithError("something was changed");
  flush_policies(*kernel);
}

template <class Measure>
auto* add(const std::string& name, Measure measure, Kind kind, std::vector<std::int64_t> counts) {
  auto* registered = benchmark::RegisterBenchmark(name.c_str(), measure, kind);
  return registered->Unit(benchmark::kMillisecond)->ArgsProduct({std::move(counts)});
}
}  // namespace

void register_kernel() {
  const std::vector<std::int64_t> hashed{100, 1'000, 10'000, 100'000};
  add("install/exact", install, Kind::exact, hashed)->UseManualTime();
  add("install/prefixes", install, Kind::prefixes, hashed)->UseManualTime();
  add("install/wildcard", install, Kind::wildcard, {100, 1'000, 5'000})->UseManualTime();
  add("change_one/exact", change_one, Kind::exact, hashed);
  add("change_one/prefixes", change_one, Kind::prefixes, hashed);
  add("change_one/wildcard", change_one, Kind::wildcard, {100, 1'000, 5'000});
  add("bring_in_step/exact", change_all, Kind::exact, hashed);
}

}  // namespace ipsec9000::bench
