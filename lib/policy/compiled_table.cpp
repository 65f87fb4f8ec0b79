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

bool same_class(const Filter& one, const Filter& other) {
  return kind_of(one) == kind_of(other) &&
         (kind_of(one) == PolicyKind::ordered || exact_fields(one) == exact_fields(other));
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
  std::vector<bool> unusual(configuration.policies.size());
  for (const auto& each : entries) {
    // Every selector that is not a policy's is out of bounds for one: neighbour discovery, the bypass list, the
    // default.
    if (each.role != EntryRole::policy) {
      ++claims_[HashSelector{}(each.spec.selector)];
      continue;
    }
    priorities_[each.place - 1] = each.spec.priority;
    if (each.spec.owner != policy_owner) unusual[each.place - 1] = true;
  }
  for (std::size_t index = 0; index < unusual.size(); ++index)
    if (unusual[index]) priorities_[index] = 0;
}

std::optional<std::vector<std::uint32_t>> CompiledTable::changed_policies(const KeyedConfiguration& before,
                                                                          const KeyedConfiguration& after) const {
  const auto& old = before.configuration.policies;
  const auto& fresh = after.configuration.policies;
  std::vector<std::uint32_t> changed;
  for (std::uint32_t index = 0; index < fresh.size(); ++index) {
    if (old[index] == fresh[index] && before.reqids[index] == after.reqids[index]) continue;
    if (changed.size() == most_changes || priorities_[index] == 0 || !stands_alone(old[index], fresh[index]))
      return std::nullopt;
    changed.push_back(index);
  }
  std::sort(changed.begin(), changed.end(), [&](auto a, auto b) { return priorities_[a] < priorities_[b]; });
  return changed;
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

std::optional<SmallChange> CompiledTable::small_change(const KeyedConfiguration& before,
                                                       const KeyedConfiguration& after) const {
  const auto& old = before.configuration;
  const auto& fresh = after.configuration;
  if (priorities_.size() != old.policies.size() || old.policies.size() != fresh.policies.size() ||
      old.default_action != fresh.default_action || old.bypass != fresh.bypass)
    return std::nullopt;
  auto changed = changed_policies(before, after);
  if (!changed) return std::nullopt;
  std::vector<PolicyStep> steps;
  std::vector<PolicyStep> removals;
  Selectors wanted;
  for (const auto index : *changed) {
    const auto& was = old.policies[index];
    const auto& becomes = fresh.policies[index];
    const auto present = selectors_of(was.filter);
    const auto stays = selectors_of(becomes.filter);
    for (const auto& selector : stays)
      if (!wanted.insert(selector).second) return std::nullopt;
    for (const auto direction : entry_directions) {
      if (direction == PolicyDirection::forward && !forward_) continue;
      for (const auto& selector : stays) {
        auto spec = entry(becomes, after.reqids[index], selector, direction);
        if (!present.contains(selector))
          steps.push_back({PolicyStep::Kind::add, std::move(spec), 0});
        else if (spec != entry(was, before.reqids[index], selector, direction))
          steps.push_back({PolicyStep::Kind::update, std::move(spec), 0});
      }
      for (const auto& selector : present)
        if (!stays.contains(selector))
          removals.push_back({PolicyStep::Kind::remove, entry(was, before.reqids[index], selector, direction), 0});
    }
  }
  steps.insert(steps.end(), removals.rbegin(), removals.rend());
  return SmallChange{std::move(steps), std::move(*changed)};
}

void CompiledTable::accept(const Configuration& before, const Configuration& after, const SmallChange& change) {
  for (const auto index : change.changed) {
    claim(before.policies[index].filter, false);
    claim(after.policies[index].filter, true);
  }
}

}  // namespace ipsec9000
