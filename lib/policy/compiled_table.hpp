// The kernel's table as it was compiled last, so that a change of a few policies among very many costs what these few
// cost.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "policy/compile.hpp"
#include "policy/difference.hpp"

namespace ipsec9000 {

// A configuration and the reqids of its policies (Keying::reqids).
struct KeyedConfiguration {
  const Configuration& configuration;
  std::span<const std::uint32_t> reqids;
};

// A policy that becomes another one at its place; both must stay where they are meanwhile.
struct PolicyTurn {
  const Policy* before = nullptr;
  std::uint32_t old_reqid = 0;
  const Policy* after = nullptr;
  std::uint32_t new_reqid = 0;
};

struct SmallChange {
  std::vector<PolicyStep> steps;  // in the order that difference() would take; removals carry no index
  std::vector<PolicyTurn> turns;
};

class CompiledTable {
 public:
  static constexpr std::size_t most_changes = 64;  // policies; beyond, compiling everything is no great loss

  // `entries`: what compile() gave for the configuration, and what the kernel holds now.
  void remember(const Configuration& configuration, std::span<const CompiledPolicy> entries);
  void forget() { priorities_.clear(); }

  // From `before`, which is what is remembered, to `after`. Nothing where other entries than those of the changed
  // policies may be concerned, and only compile() can tell: policies come or go, the default or the bypass list
  // changes, a policy gets another number of exact fields (and so another priority) or, where there are tunnels,
  // another filter, a selector is wanted by two policies.
  std::optional<SmallChange> small_change(const KeyedConfiguration& before, const KeyedConfiguration& after) const;
  // The same when it is known which policies differ: costs what these cost. Nothing else differs.
  std::optional<SmallChange> small_change(std::vector<PolicyTurn> turns) const;
  // Whether that will find steps, whatever the reqids.
  bool has_steps_for(std::span<const PolicyTurn> turns) const;
  // The steps have been taken.
  void accept(const SmallChange& change);

 private:
  bool stands_alone(const Policy& before, const Policy& after) const;
  PolicySpec entry(const Policy& policy, std::uint32_t reqid, const KernelSelector& outward,
                   PolicyDirection direction) const;
  std::uint32_t claims(const KernelSelector& outward) const;
  void claim(const Filter& filter, bool add);

  std::vector<std::uint32_t> priorities_;  // by policy; 0: none of its own, or an entry with an unusual owner mark
  // How many want a selector, by its hash: two selectors of one hash only cost a compilation.
  std::unordered_map<std::size_t, std::uint32_t> claims_;
  bool forward_ = false;
};

}  // namespace ipsec9000
