#include "policy/compiled_table.hpp"

#include <algorithm>
#include <unordered_set>

#include "policy/entries.hpp"
#include "policy/matcher.hpp"
#include "policy/selection.hpp"

namespace ipsec9000 {

namespace {
using Selectors = std::unordered_set<KernelSelector, HashSelector>;

Selectors selectors_of(const Filter& filter) {
  Selectors all;
  for_each_selector(filter, [&](const KernelSelector& selector) { all.insert(selector); });
  return all;
}
}  // namespace

void CompiledTable::claim(const Filter& filter, bool add) {
  for_each_selector(filter, [&](const KernelSelector& selector) {
    auto& count = claims_[HashSelector{}(selector)];
    count = add ? count + 1 : count - 1;
  });
}

std::uint32_t CompiledTable::claims(const KernelSelector& outward) const {
  const auto found = claims_.find(HashSelector{}(outward));
  return found == claims_.end() ? 0 : found->second;
}

void CompiledTable::remember(const Configuration& configuration, std::span<const CompiledPolicy> entries) {
  priorities_.assign(configuration.policies.size(), 0);
  claims_.clear();
  claims_.reserve(configuration.policies.size());
  forward_ = false;
  for (const auto& policy : configuration.policies) {
    claim(policy.filter, true);
    forward_ = forward_ || policy.tunnel;
  }
  unusual_.assign(configuration.policies.size(), false);
  others_.clear();
  order_.clear();
  order_.reserve(configuration.policies.size());
  remembered_.remember(entries);
  for (const auto& each : entries) {
    // Every selector that is not a policy's is out of bounds for one: neighbour discovery, the bypass list, the
    // default.
    if (each.role != EntryRole::policy) {
      ++claims_[HashSelector{}(each.spec.selector)];
      order_.push_back({each.spec.priority, 0, static_cast<std::uint32_t>(others_.size())});
      others_.push_back(each.spec);
      continue;
    }
    if (priorities_[each.place - 1] == 0) order_.push_back({each.spec.priority, each.place, 0});
    priorities_[each.place - 1] = each.spec.priority;
    if (each.spec.owner != policy_owner) unusual_[each.place - 1] = true;
  }
  std::stable_sort(order_.begin(), order_.end(), [](const auto& a, const auto& b) { return a.priority < b.priority; });
}

void CompiledTable::forget() {
  priorities_.clear();
  others_.clear();
  order_.clear();
  remembered_.remember({});
}

// Whether nobody else is concerned when one becomes the other.
bool CompiledTable::stands_alone(const Policy& before, const Policy& after) const {
  if (before.tunnel || after.tunnel || !same_class(before.filter, after.filter)) return false;
  if (forward_ && before.filter != after.filter) return false;  // in `forward` it may have stood for a tunnel's exit
  const auto old = selectors_of(before.filter);
  for (const auto& selector : old)
    if (claims(selector) != 1) return false;
  bool alone = true;
  for_each_selector(after.filter, [&](const KernelSelector& selector) {
    alone = alone && (old.contains(selector) || claims(selector) == 0);
  });
  return alone;
}

PolicySpec CompiledTable::entry(const Policy& policy, std::uint32_t reqid, const KernelSelector& outward,
                                PolicyDirection direction) const {
  PolicySpec spec;
  spec.selector = direction == PolicyDirection::out ? outward : mirrored(outward);
  spec.direction = direction;
  spec.action = policy.action == Decision::discard ? PolicyAction::block : PolicyAction::allow;
  spec.priority = priorities_[policy.place - 1];
  spec.templates = templates_of(policy, reqid, direction);
  spec.owner = policy_owner;
  return spec;
}

bool CompiledTable::has_steps_for(std::span<const PolicyTurn> turns) const {
  if (turns.size() > most_changes) return false;
  Selectors wanted;
  for (const auto& turn : turns) {
    const auto index = turn.after->place - 1;
    if (index >= priorities_.size() || priorities_[index] == 0 || unusual_[index] ||
        !stands_alone(*turn.before, *turn.after))
      return false;
    for (const auto& selector : selectors_of(turn.after->filter))
      if (!wanted.insert(selector).second) return false;
  }
  return true;
}

std::optional<SmallChange> CompiledTable::small_change(const KeyedConfiguration& before,
                                                       const KeyedConfiguration& after) const {
  const auto& old = before.configuration;
  const auto& fresh = after.configuration;
  if (priorities_.size() != old.policies.size() || old.policies.size() != fresh.policies.size() ||
      old.default_action != fresh.default_action || old.bypass != fresh.bypass)
    return std::nullopt;
  std::vector<PolicyTurn> turns;
  for (std::uint32_t index = 0; index < fresh.policies.size() && turns.size() <= most_changes; ++index)
    if (old.policies[index] != fresh.policies[index] || before.reqids[index] != after.reqids[index])
      turns.push_back({&old.policies[index], before.reqids[index], &fresh.policies[index], after.reqids[index]});
  return small_change(std::move(turns));
}

std::optional<SmallChange> CompiledTable::small_change(std::vector<PolicyTurn> turns) const {
  if (!has_steps_for(turns)) return std::nullopt;
  const auto priority_of = [&](const PolicyTurn& turn) { return priorities_[turn.after->place - 1]; };
  std::sort(turns.begin(), turns.end(),
            [&](const auto& one, const auto& other) { return priority_of(one) < priority_of(other); });
  std::vector<PolicyStep> steps;
  std::vector<PolicyStep> removals;
  for (const auto& turn : turns) {
    const auto present = selectors_of(turn.before->filter);
    const auto stays = selectors_of(turn.after->filter);
    for (const auto direction : entry_directions) {
      if (direction == PolicyDirection::forward && !forward_) continue;
      for (const auto& selector : stays) {
        auto spec = entry(*turn.after, turn.new_reqid, selector, direction);
        if (!present.contains(selector))
          steps.push_back({PolicyStep::Kind::add, std::move(spec), 0});
        else if (spec != entry(*turn.before, turn.old_reqid, selector, direction))
          steps.push_back({PolicyStep::Kind::update, std::move(spec), 0});
      }
      for (const auto& selector : present)
        if (!stays.contains(selector))
          removals.push_back({PolicyStep::Kind::remove, entry(*turn.before, turn.old_reqid, selector, direction), 0});
    }
  }
  steps.insert(steps.end(), removals.rbegin(), removals.rend());
  return SmallChange{std::move(steps), std::move(turns)};
}

void CompiledTable::accept(const SmallChange& change) {
  for (const auto& turn : change.turns) {
    claim(turn.before->filter, false);
    remember(*turn.before, turn.old_reqid, false);
  }
  for (const auto& turn : change.turns) {
    claim(turn.after->filter, true);
    remember(*turn.after, turn.new_reqid, true);
  }
}

// All entries of a policy that stands alone.
void CompiledTable::remember(const Policy& policy, std::uint32_t reqid, bool add) {
  for (const auto direction : entry_directions) {
    if (direction == PolicyDirection::forward && !forward_) continue;
    for_each_selector(policy.filter, [&](const KernelSelector& selector) {
      const auto spec = entry(policy, reqid, selector, direction);
      if (add)
        remembered_.add(spec, policy.place);
      else
        remembered_.remove(spec);
    });
  }
}

bool CompiledTable::find_gaps(GapSearch& search, std::size_t most, std::vector<TableGap>& found) const {
  if (all_seen()) return false;
  if (!search.marked) {
    search.places.resize(priorities_.size() + 1);
    search.entry = remembered_.mark_missed(search.entry, search.places);
    search.marked = search.entry == 0;
    return true;
  }
  constexpr std::size_t part = 1u << 16u;
  const auto end = std::min(search.next + part, order_.size());
  for (; search.next < end && most != 0; ++search.next) {
    const auto& each = order_[search.next];
    if (!search.places[each.place] || (each.place == 0 && !remembered_.is_missed(others_[each.number]))) continue;
    found.push_back(each);
    --most;
  }
  return search.next < order_.size();
}

void CompiledTable::fill(const TableGap& gap, const Policy* policy, std::uint32_t reqid,
                         std::vector<PolicySpec>& wanted) const {
  if (gap.place == 0) return wanted.push_back(others_[gap.number]);
  const std::uint32_t owners = unusual_[gap.place - 1] ? policy_owner_count : 1;
  for (const auto direction : entry_directions) {
    if (direction == PolicyDirection::forward && !forward_) continue;
    for_each_selector(policy->filter, [&](const KernelSelector& selector) {
      auto spec = entry(*policy, reqid, selector, direction);
      for (std::uint32_t n = 0; n < owners; ++n) {
        spec.owner = policy_owner + n;
        if (remembered_.is_missed(spec)) wanted.push_back(spec);
      }
    });
  }
}

}  // namespace ipsec9000
