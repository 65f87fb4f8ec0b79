// From the kernel's policies as they are to those that should be, step by step.
#pragma once
#include <optional>
#include <span>
#include <unordered_map>
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

PolicyStep removal_of(const PolicyState& state);

// The same entry by entry.
class Comparison {
 public:
  Comparison() = default;
  explicit Comparison(std::span<const PolicyState> present);  // to outlive this
  void add(const PolicyState& present) { old_.emplace(present.spec.key(), Old{&present}); }
  // What is to be done for one that is wanted; nothing where it is there and says the same.
  std::optional<PolicyStep> step_for(const PolicySpec& wanted);
  // Those that were not wanted, from the losing end.
  std::vector<const PolicyState*> unwanted() const;

 private:
  struct HashKey {
    std::size_t operator()(const PolicyKey& key) const noexcept;
  };
  struct Old {
    const PolicyState* state = nullptr;
    bool stays = false;
  };
  std::unordered_map<PolicyKey, Old, HashKey> old_;
};

}  // namespace ipsec9000
