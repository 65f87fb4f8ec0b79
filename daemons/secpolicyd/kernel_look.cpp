#include "kernel_look.hpp"

#include <algorithm>

namespace ipsec9000 {

namespace {
constexpr std::size_t gaps_at_once = 250;
}

Result<std::unique_ptr<KernelLook>> KernelLook::begin(Kernel& kernel, CompiledTable& table) {
  auto dump = kernel.open_policy_dump();
  if (!dump) return dump.error();
  table.begin_look();
  return std::unique_ptr<KernelLook>(new KernelLook(kernel, table, std::move(*dump)));
}

Result<bool> KernelLook::go_on(const PolicySet& set) {
  if (dump_) {
    if (auto done = read(); !done) return done.error();
    return !dump_ && gaps_.empty() && strange_.empty();
  }
  if (filled_ < gaps_.size()) {
    if (auto done = fill(set); !done) return done.error();
    if (filled_ < gaps_.size()) return false;
  }
  if (auto done = carry_out(kernel_, comparison_->removals(), applied_); !done) return done.error();
  return true;
}

Result<void> KernelLook::read() {
  auto some = dump_->next();
  if (!some) return some.error();
  for (auto& state : *some) {
    if (is_ours(state)) {
      if (!table_.see(state.spec)) strange_.push_back(std::move(state));
    } else if (!is_of_socket(state.spec)) {
      ++foreign_;
    }
  }
  if (!some->empty()) return {};
  dump_.reset();
  gaps_ = table_.gaps();
  if (!gaps_.empty() || !strange_.empty()) comparison_.emplace(strange_);
  return {};
}

Result<void> KernelLook::fill(const PolicySet& set) {
  std::vector<PolicySpec> wanted;
  const auto end = std::min(filled_ + gaps_at_once, gaps_.size());
  for (; filled_ < end; ++filled_) {
    const auto& gap = gaps_[filled_];
    const auto index = gap.place - 1;
    if (gap.place == 0)
      table_.fill(gap, nullptr, 0, wanted);
    else
      table_.fill(gap, &set.configuration.policies[index], set.keying.reqid_of(index), wanted);
  }
  std::vector<PolicyStep> steps;
  for (const auto& spec : wanted)
    if (auto step = comparison_->step_for(spec)) steps.push_back(std::move(*step));
  return carry_out(kernel_, steps, applied_);
}

}  // namespace ipsec9000
