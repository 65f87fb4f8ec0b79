// From what the kernel holds of ours to another set of policies: a piece at a time, so that whoever asks meanwhile is
// answered, and what is nothing but computing may be done by another thread.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "policy/compiled_table.hpp"
#include "policy/kernel_view.hpp"
#include "policy_set.hpp"
#include "policy_steps.hpp"
#include "xfrm/kernel.hpp"

namespace ipsec9000 {

inline bool is_of_socket(const PolicySpec& policy) {
  return policy.direction == PolicyDirection::socket_in || policy.direction == PolicyDirection::socket_out;
}
inline bool is_ours(const PolicyState& state) { return is_our_owner(state.spec.owner) && !is_of_socket(state.spec); }

// What was compiled for the kernel and left there.
struct LeftInKernel {
  static constexpr std::size_t most_discarding = 1000;

  std::unordered_map<std::uint32_t, std::uint32_t> places;  // by priority
  CompiledTable table;
  EntryShapes shapes;                 // of the entries
  std::vector<PolicyKey> discarding;  // those that discard what goes out, up to one more than `most_discarding`

  void note(const PolicySpec& entry);  // one that the kernel may hold from now on
};

class KernelChange {
 public:
  static Result<std::unique_ptr<KernelChange>> begin(Kernel& kernel);

  // First: some hundred entries more; true: that was all.
  Result<bool> read();
  // Then: what is to be done for this set. Asks the kernel nothing and touches nothing but this object, so that any
  // thread may do it.
  void work_out(const PolicySet& set);
  // Then: some hundred steps more, in the order that opens nothing; true: that was all.
  Result<bool> carry_out();

  bool found_nothing() const { return found_nothing_; }  // of ours in the kernel
  std::size_t foreign() const { return foreign_; }       // entries of other programs, without those of sockets
  const HashThresholds& thresholds() const { return thresholds_; }  // for the set
  const AppliedSteps& applied() const { return applied_; }
  LeftInKernel& outcome() { return outcome_; }

 private:
  KernelChange(Kernel& kernel, std::unique_ptr<PolicyDump> dump) : kernel_(kernel), dump_(std::move(dump)) {}

  Kernel& kernel_;
  std::unique_ptr<PolicyDump> dump_;
  std::vector<PolicyState> present_;  // our entries as they are in the kernel; until they have been compared
  bool found_nothing_ = false;
  std::size_t foreign_ = 0;
  HashThresholds thresholds_;
  std::vector<PolicyStep> steps_;
  std::size_t taken_ = 0;
  AppliedSteps applied_;
  LeftInKernel outcome_;
};

}  // namespace ipsec9000
