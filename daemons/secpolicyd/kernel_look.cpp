#include "kernel_look.hpp"

#include <algorithm>

namespace ipsec9000 {

namespace {
constexpr std::size_t gaps_at_once = 250;
constexpr std::size_t removals_at_once = 500;
}  // namespace

Result<std::unique_ptr<KernelLook>> KernelLook::begin(Kernel& kernel, CompiledTable& table) {
  auto dump = kernel.open_policy_dump();
  if (!dump) return dump.error();
  table.begin_look();
  return std::unique_ptr<KernelLook>(new KernelLook(kernel, table, std::move(*dump)));
}

Result<bool> KernelLook::go_on(const PolicySet& set) {
  if (dump_) {
    if (auto done = read(); !done) return done.error();
    return !dump_ && !repairing_;
  }
  if (!filled_) {
    if (auto done = fill(set); !done) return done.error();
    return false;
  }
  if (auto done = remove(); !done) return done.error();
  return removed_ == unwanted_->size();
}

Result<void> KernelLook::read() {
  auto some = dump_->next();
  if (!some) return some.error();
  for (auto& state : *some) {
    if (is_ours(state)) {
      if (table_.see(state.spec)) continue;
      strange_.push_back(std::move(state));
      comparison_.add(strange_.back());
    } else if (!is_of_socket(state.spec)) {
      ++foreign_;
    }
  }
  if (!some->empty()) return {};
  dump_.reset();
  repairing_ = !table_.all_seen() || !strange_.empty();
  return {};
}

Result<void> KernelLook::fill(const PolicySet& set) {
  std::vector<TableGap> gaps;
  filled_ = !table_.find_gaps(search_, gaps_at_once, gaps);
  std::vector<PolicySpec> wanted;
  for (const auto& gap : gaps) {
    const auto index = gap.place - 1;
    if (gap.place == 0)
      table_.fill(gap, nullptr, 0, wanted);
    else
      table_.fill(gap, &set.configuration.policies[index], set.keying.reqid_of(index), wanted);
  }
  if (wanted.empty()) return {};
  if (strange_.empty()) return carry_out_additions(kernel_, wanted, applied_);  // nothing to be compared with
  std::vector<PolicyStep> steps;
  for (const auto& spec : wanted)
    if (auto step = comparison_.step_for(spec)) steps.push_back(std::move(*step));
  return carry_out(kernel_, steps, applied_);
}

Result<void> KernelLook::remove() {
  if (!unwanted_) unwanted_ = comparison_.unwanted();
  std::vector<PolicyStep> steps;
  const auto end = std::min(removed_ + removals_at_once, unwanted_->size());
  for (; removed_ < end; ++removed_) steps.push_back(removal_of(*(*unwanted_)[removed_]));
  return carry_out(kernel_, steps, applied_);
}

}  // namespace ipsec9000
