// The kernel's policies, kept as the policy set wants them.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel_change.hpp"
#include "policy/compile.hpp"
#include "policy/compiled_table.hpp"
#include "policy/kernel_view.hpp"
#include "policy_set.hpp"
#include "policy_steps.hpp"
#include "xfrm/kernel.hpp"

namespace ipsec9000 {

class KernelLook;

inline PolicyDirection policy_direction(Direction direction) {
  return direction == Direction::in ? PolicyDirection::in : PolicyDirection::out;
}

class KernelSide {
 public:
  explicit KernelSide(Kernel& kernel);
  ~KernelSide();

  // What no policy matches is blocked from here on, until withdraw(). A kernel that cannot do that is a problem to be
  // told, not a failure: the default policy is an entry of its own.
  Result<void> block_by_default();

  using Applied = AppliedSteps;
  // Reads what is there, works out the difference and carries it out, in the order that opens nothing. Used at start
  // (entries of a predecessor are adopted), for a reload, and to put right what somebody else has changed. On failure
  // some steps may have been taken.
  Result<Applied> bring_in_step(const PolicySet& set);

  // The same in pieces, for a set of very many: begin, go on with KernelChange::read() until that is all, work out, go
  // on with carry_out_some(), finish. Until finish() the set of before counts as the one that was left in the kernel,
  // though some steps may have been taken; abandon() says that finish() will not come, and a look puts that set back.
  Result<std::unique_ptr<KernelChange>> begin_change();
  Result<bool> carry_out_some(KernelChange& change);
  // `change` has what was left there before; to take it apart takes its time.
  Result<void> finish(KernelChange& change);
  void abandon() { changing_ = false; }
  bool is_changing() const { return changing_; }

  // The same for the set in force: what is not as it was left there is put right, at the cost of reading the kernel and
  // of what differs.
  Result<Applied> keep_in_step(const PolicySet& set);
  // The same in small parts, each a few milliseconds: nothing, and there is more to be done; else it is over. What was
  // begun is begun anew after a change.
  Result<std::optional<Applied>> go_on_looking(const PolicySet& set);
  bool is_repairing() const;  // something was found, and not all of it has been put right

  // From the set in force to another one. A change of a few policies that concerns nobody else (CompiledTable) neither
  // reads the kernel nor compiles; everything else is bring_in_step(). What somebody else has changed is put right
  // first.
  Result<Applied> change(const PolicySet& from, const PolicySet& to);
  // Without bring_in_step(): nothing where only that will do, whether or not the kernel has objected to some step.
  std::optional<Applied> change_at_once(const PolicySet& from, const PolicySet& to);
  // Puts these policies in the place of those with the same places and names, in the set and in the kernel, at the cost
  // of these few; what was there is added to `replaced`. Nothing, and nothing has been changed, where that cannot be
  // done. After an error the set is the new one and the kernel between the two.
  std::optional<Result<Applied>> change(PolicySet& set, std::vector<Policy> next,
                                        std::vector<PolicySet::Replaced>& replaced);
  // Somebody else may have changed our entries: the next change() reads the kernel.
  void distrust() {
    trusted_ = false;
    disturbed_ = true;
  }
  // Before a change: whether it would have to look at very many entries first.
  bool needs_long_look() const;

  // A cheap look: whether the kernel holds as many policies as when we last left it, and still blocks by default. What
  // was exchanged one for one is not seen so; its event tells it, or bring_in_step().
  bool seems_in_step();

  // Takes away all that is ours, then lets pass what no policy matches: what the kernel does without us.
  Result<void> withdraw();

  Result<std::vector<PolicyState>> policies() const { return kernel_.dump_policies(); }
  Result<std::unique_ptr<PolicyDump>> open_dump() const { return kernel_.open_policy_dump(); }
  // The entries of ours that discard what goes out, and perhaps others: read one by one as long as they are few.
  Result<std::vector<PolicyState>> discarding();
  Result<std::vector<SaState>> sas() const { return kernel_.dump_sas(Keys::leave_out); }  // to be looked at only
  bool has_ours() const;  // entries of ours are in the kernel (before start: a predecessor's)
  // The kernel's entries that can be in question for this packet, and perhaps others. Where the kernel holds nothing
  // but what we compiled, these few are asked for; else all are read, and those that match are given.
  Result<std::vector<PolicyState>> policies_for(const Flow& flow, Direction direction);
  // Whether the kernel's table, given by what this or policies() read, or by all entries that match, gives this packet
  // to the policy that the matcher chose.
  bool agrees(const std::vector<PolicyState>& policies, const Flow& flow, Direction direction,
              const Match& match) const;
  // The same, read as needed; nothing where it takes too long to find out.
  std::optional<bool> agrees(const Flow& flow, Direction direction, const Match& match);
  std::uint32_t place_of(const PolicySpec& entry) const;  // of the entry's policy; 0 for others

  bool is_protecting() const { return protecting_; }
  std::vector<std::string> problems() const;  // sentences for a person

 private:
  Result<std::vector<PolicyState>> policies_read_for(const Flow& flow, Direction direction);
  Result<void> settle();
  Result<Applied> take_small_steps(std::vector<PolicyStep> steps);
  Result<std::vector<PolicyState>> ours_for(const Flow& flow, Direction direction);
  Result<std::optional<Applied>> take_a_look(const PolicySet& set);
  bool trust(const PolicySet& set);
  void set_thresholds(const HashThresholds& wanted);
  struct Counts {
    std::uint32_t in = 0;
    std::uint32_t out = 0;
    std::uint32_t forward = 0;
    bool operator==(const Counts&) const = default;
  };
  std::optional<Counts> counts();
  void count(const PolicyStep& step);

  Kernel& kernel_;
  bool protecting_ = false;
  std::optional<Counts> left_with_;  // as we left the kernel
  std::size_t foreign_ = 0;          // entries of other programs, without those of sockets
  std::optional<std::string> default_problem_;
  std::optional<HashThresholds> thresholds_;
  LeftInKernel left_;
  std::unique_ptr<KernelLook> look_;  // that has begun and is not over
  bool disturbed_ = false;            // since it began
  bool changing_ = false;             // between begin_change() and its end
  bool trusted_ = false;              // they are what the kernel holds of ours, and nobody was heard to change that
};

}  // namespace ipsec9000
