// From the kernel's policies as they are to those that should be, step by step.
#pragma once
#include <span>
#include <vector>

#include "policy/compile.hpp"

namespace ipsec9000 {

struct PolicyStep {
  enum class Kind : std::uint8_t { add, update, remove };
  Kind kind = Kind::add;
  PolicySpec spec;          // remove: what is there
  std::uint32_t index = 0;  // remove: the kernel's handle
};

// The steps from `present` (ours only, see is_our_owner) to `wanted`, which must have been compiled with the same
// `present`. What is equal is not touched.
//
// After each single step the decision about every packet is the one of before or the one of afterwards, never a third
// one: additions and changes go from the winning end to the losing end, so that a new entry that decides is preceded by
// all new ones that could win over it; a change keeps its priority (a policy that moves is a new entry with another
// owner mark); removals come last and from the losing end, so that an old entry that decides still has above it all
// old ones that won over it.
std::vector<PolicyStep> difference(std::span<const PolicyState> present, std::span<const CompiledPolicy> wanted);

// What entries say, in 64 bits: the same for the same entries in any order (Digest is a sum).
class Digest {
 public:
  void add(const PolicySpec& entry);
  bool operator==(const Digest&) const = default;

 private:
  std::uint64_t sum_ = 0;
  std::size_t count_ = 0;
};

}  // namespace ipsec9000
