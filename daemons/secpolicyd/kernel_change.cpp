#include "kernel_change.hpp"

#include <algorithm>
#include <span>

#include "policy/difference.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t steps_at_once = 500;
}  // namespace

void LeftInKernel::note(const PolicySpec& entry) {
  shapes.add(entry);
  if (entry.direction == PolicyDirection::out && entry.action == PolicyAction::block &&
      discarding.size() <= most_discarding)
    discarding.push_back(entry.key());
}

Result<std::unique_ptr<KernelChange>> KernelChange::begin(Kernel& kernel) {
  auto dump = kernel.open_policy_dump();
  if (!dump) return dump.error();
  return std::unique_ptr<KernelChange>(new KernelChange(kernel, std::move(*dump)));
}

Result<bool> KernelChange::read() {
  auto some = dump_->next();
  if (!some) return some.error();
  for (auto& state : *some) {
    if (is_ours(state))
      present_.push_back(std::move(state));
    else if (!is_of_socket(state.spec))
      ++foreign_;
  }
  if (!some->empty()) return false;
  dump_.reset();
  found_nothing_ = present_.empty();
  return true;
}

void KernelChange::work_out(const PolicySet& set) {
  thresholds_ = choose_thresholds(set.configuration);
  const auto wanted = compile(set.configuration, set.keying.reqids(), present_);
  steps_ = difference(present_, wanted);
  present_ = {};
  for (const auto& entry : wanted) {
    outcome_.note(entry.spec);
    if (entry.place != 0) outcome_.places[entry.spec.priority] = entry.place;
  }
  outcome_.table.remember(set.configuration, wanted);
}

Result<bool> KernelChange::carry_out() {
  const auto count = std::min(steps_at_once, steps_.size() - taken_);
  const auto some = std::span<const PolicyStep>(steps_).subspan(taken_, count);
  if (auto done = ipsec9000::carry_out(kernel_, some, applied_); !done) return done.error();
  taken_ += count;
  return taken_ == steps_.size();
}

}  // namespace ipsec9000
