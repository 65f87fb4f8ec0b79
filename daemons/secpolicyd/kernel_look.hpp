// One look at all policies of the kernel, and the repair of those of ours that are not as we left them: a piece at a
// time, so that whoever asks meanwhile is answered.
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "kernel_change.hpp"
#include "policy/compiled_table.hpp"
#include "policy_set.hpp"
#include "policy_steps.hpp"
#include "xfrm/kernel.hpp"

namespace ipsec9000 {

// What is missing comes back from the winning end, what was changed is changed back in its place, and what has our mark
// but is not ours goes last: a packet that met one of ours before is not let pass by what is still missing, for the
// kernel blocks what no policy matches.
class KernelLook {
 public:
  // `table`: what was left in the kernel; nothing else may look or change there until this is over or gone.
  static Result<std::unique_ptr<KernelLook>> begin(Kernel& kernel, CompiledTable& table);

  // Some hundred entries more; true: that was all. `set`: the one that the table was compiled from.
  Result<bool> go_on(const PolicySet& set);

  bool is_repairing() const { return repairing_; }
  const AppliedSteps& applied() const { return applied_; }
  std::size_t foreign() const { return foreign_; }  // entries of other programs, without those of sockets

 private:
  KernelLook(Kernel& kernel, CompiledTable& table, std::unique_ptr<PolicyDump> dump)
      : kernel_(kernel), table_(table), dump_(std::move(dump)) {}
  Result<void> read();
  Result<void> fill(const PolicySet& set);
  Result<void> remove();

  Kernel& kernel_;
  CompiledTable& table_;
  std::unique_ptr<PolicyDump> dump_;
  std::size_t foreign_ = 0;
  std::deque<PolicyState> strange_;  // ours by their mark, but not as we left them
  Comparison comparison_;            // of the strange ones
  // From the end of reading on.
  bool repairing_ = false;
  GapSearch search_;
  bool filled_ = false;
  std::optional<std::vector<const PolicyState*>> unwanted_;  // of the strange ones, the next to go
  std::size_t removed_ = 0;
  AppliedSteps applied_;
};

}  // namespace ipsec9000
