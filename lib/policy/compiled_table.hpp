// The kernel's table as it was compiled last, so that a change of a few policies among very many, or the repair of a
// few entries that somebody else has changed, costs what these few cost.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "policy/compile.hpp"
#include "policy/difference.hpp"
#include "policy/remembered_entries.hpp"

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

// Something of ours that a look at the kernel has missed: entries of one policy, or one that is of no policy.
struct TableGap {
  std::uint32_t priority = 0;
  std::uint32_t place = 0;   // of the policy; 0: of none
  std::uint32_t number = 0;  // of that entry
};

// How far the search for gaps has come.
struct GapSearch {
  bool marked = false;       // every entry has been looked at
  std::size_t entry = 0;     // where to go on with that
  std::vector<bool> places;  // by policy's place: something of it is missing
  std::size_t next = 0;      // where to go on from the winning end
};

class CompiledTable {
 public:
  static constexpr std::size_t most_changes = 64;  // policies; beyond, compiling everything is no great loss

  // `entries`: what compile() gave for the configuration, and what the kernel holds now.
  void remember(const Configuration& configuration, std::span<const CompiledPolicy> entries);
  void forget();
  std::size_t entries() const { return remembered_.size(); }
  bool is_known() const { return remembered_.size() != 0; }  // the default always has entries

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

  // What the kernel holds of ours, entry by entry, beside what is remembered.
  void begin_look() { remembered_.begin_look(); }
  bool see(const PolicySpec& entry) { return remembered_.see(entry); }  // whether it is as it should be
  bool all_seen() const { return remembered_.all_seen(); }
  // After the last one: what is not there, in parts of a millisecond. Adds at most so many to `found`, from the winning
  // end on, or none yet; false: that was all.
  bool find_gaps(GapSearch& search, std::size_t most, std::vector<TableGap>& found) const;
  // The entries that fill a gap, added to `wanted`. `policy`: the one at the gap's place as it is remembered, and its
  // reqid; of no account where the gap is of no policy.
  void fill(const TableGap& gap, const Policy* policy, std::uint32_t reqid, std::vector<PolicySpec>& wanted) const;

 private:
  bool stands_alone(const Policy& before, const Policy& after) const;
  PolicySpec entry(const Policy& policy, std::uint32_t reqid, const KernelSelector& outward,
                   PolicyDirection direction) const;
  std::uint32_t claims(const KernelSelector& outward) const;
  void claim(const Filter& filter, bool add);
  void remember(const Policy& policy, std::uint32_t reqid, bool add);

  std::vector<std::uint32_t> priorities_;  // by policy; 0: it has no entry
  std::vector<bool> unusual_;              // by policy: an entry of it has not the first owner mark
  std::vector<TableGap> order_;            // all that can become a gap, winning end first
  std::vector<PolicySpec> others_;         // the entries that are of no policy, winning end first
  RememberedEntries remembered_;
  // How many want a selector, by its hash: two selectors of one hash only cost a compilation.
  std::unordered_map<std::size_t, std::uint32_t> claims_;
  bool forward_ = false;
};

}  // namespace ipsec9000
