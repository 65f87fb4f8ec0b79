#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "bare_batch.hpp"
#include "benchmarks.hpp"
#include "configurations.hpp"
#include "host.hpp"
#include "kernel_side.hpp"
#include "policy/checked_text.hpp"
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

// A table put in by `put`, into an empty kernel: seconds of this thread. What the flush left to be freed later would be
// paid by who comes next, so that is waited for.
template <class Put>
double install_anew(Kernel& kernel, Put put) {
  flush_policies(kernel);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const auto begin = cpu_seconds();
  put();
  return cpu_seconds() - begin;
}

// Ours and the bare batch in turn, so that both have the same machine, and each of them first as often as second: the
// bare batch beside itself costs a tenth more as the second one.
void install(benchmark::State& state, Kind kind) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto set = PolicySet::make(configuration(kind, count));
  const auto specs = compiled_specs(*set);
  const auto kernel = open_kernel();
  if (!kernel->set_hash_thresholds(choose_thresholds(set->configuration))) state.SkipWithError("thresholds");
  BareBatch bare;
  const auto by_bare = [&] { return install_anew(*kernel, [&] { bare.add(specs); }); };
  const auto by_ours = [&] {
    return install_anew(*kernel, [&] {
      if (!kernel->add_policies(specs).empty()) state.SkipWithError("refused");
    });
  };
  by_bare();  // the kernel's hash tables grow once, and stay
  install_anew(*kernel, [] {});
  const auto slab = kernel_slab_bytes();
  by_bare();
  const auto used = kernel_slab_bytes();
  std::vector<double> ratios;
  bool bare_first = false;
  for (auto _ : state) {
    bare_first = !bare_first;
    auto bare_time = bare_first ? by_bare() : 0;
    const auto our_time = by_ours();
    if (!bare_first) bare_time = by_bare();
    state.SetIterationTime(our_time);
    ratios.push_back(our_time / bare_time);
  }
  flush_policies(*kernel);
  if (used > slab)
    state.counters["kernel_bytes_per_entry"] = static_cast<double>(used - slab) / static_cast<double>(specs.size());
  state.counters["entries"] = static_cast<double>(specs.size());
  state.counters["entries_per_second"] =
      benchmark::Counter(static_cast<double>(specs.size()), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["ours_to_bare"] = median(ratios);
}

// A configuration in force: its text, checked, and the kernel.
struct InForce {
  InForce(Kind kind, std::size_t count) : kernel(open_kernel()), side(*kernel) {
    auto text = configuration_text(kind, count);
    auto parsed = parse_configuration(text, "bench");
    set = PolicySet::make(std::move(*parsed.configuration));
    checked = CheckedText(std::move(text), std::move(parsed.spans));
    installed = side.bring_in_step(*set).has_value();
  }
  ~InForce() { flush_policies(*kernel); }
  InForce(const InForce&) = delete;
  InForce& operator=(const InForce&) = delete;

  bool change(std::vector<Policy> policies) {
    std::vector<PolicySet::Replaced> replaced;
    const auto applied = side.change(*set, std::move(policies), replaced);
    return applied && *applied && (*applied)->updated >= 2;
  }

  std::unique_ptr<Kernel> kernel;
  KernelSide side;
  std::unique_ptr<PolicySet> set;
  CheckedText checked;
  bool installed = false;
};

// One policy gets another transform, and it is known which: matcher, keying and kernel follow.
void change_one(benchmark::State& state, Kind kind) {
  const auto count = static_cast<std::size_t>(state.range(0));
  InForce in_force(kind, count);
  if (!in_force.installed) state.SkipWithError("installing");
  auto policy = in_force.set->configuration.policies[count / 2];
  const auto first = policy.transforms[0];
  const auto second = *Transform::parse("ESP-AES256-HMAC-SHA256");
  for (auto _ : state) {
    policy.transforms[0] = policy.transforms[0] == first ? second : first;
    if (!in_force.change({policy})) state.SkipWithError("nothing was changed");
  }
}

// The same from the text of the whole file, as a reload reads it: it is found out which policy differs, and checked.
void change_text(benchmark::State& state, Kind kind) {
  const auto count = static_cast<std::size_t>(state.range(0));
  InForce in_force(kind, count);
  if (!in_force.installed) state.SkipWithError("installing");
  const auto one = configuration_text(kind, count);
  const auto two = configuration_text(kind, count, count / 2);
  bool second = false;
  for (auto _ : state) {
    state.PauseTiming();
    second = !second;
    auto text = second ? two : one;
    state.ResumeTiming();
    const auto change = in_force.checked.change_to(text, in_force.set->configuration);
    if (!change || !in_force.change(change->policies)) {
      state.SkipWithError("nothing was changed");
      break;
    }
    in_force.checked.accept(std::move(text), *change);
  }
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

// The look at the whole that finds nothing to do.
void look(benchmark::State& state, Kind kind) {
  const auto set = PolicySet::make(configuration(kind, static_cast<std::size_t>(state.range(0))));
  const auto kernel = open_kernel();
  KernelSide side(*kernel);
  if (!side.bring_in_step(*set)) state.SkipWithError("installing");
  for (auto _ : state)
    if (const auto applied = side.keep_in_step(*set); !applied || !applied->nothing())
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
  add("change_text/exact", change_text, Kind::exact, hashed);
  add("change_text/prefixes", change_text, Kind::prefixes, hashed);
  add("bring_in_step/exact", change_all, Kind::exact, hashed);
  add("keep_in_step/exact", look, Kind::exact, hashed);
}

}  // namespace ipsec9000::bench
