#include "policy/difference.hpp"

#include <algorithm>

namespace ipsec9000 {

std::size_t Comparison::HashKey::operator()(const PolicyKey& key) const noexcept {
  return HashSelector{}(key.selector) * 31 + (key.owner << 2) + static_cast<std::size_t>(key.direction);
}

Comparison::Comparison(std::span<const PolicyState> present) {
  old_.reserve(present.size());
  for (const auto& state : present) add(state);
}

std::optional<PolicyStep> Comparison::step_for(const PolicySpec& wanted) {
  const auto found = old_.find(wanted.key());
  if (found == old_.end()) return PolicyStep{PolicyStep::Kind::add, wanted, 0};
  found->second.stays = true;
  if (found->second.state->spec == wanted) return std::nullopt;
  return PolicyStep{PolicyStep::Kind::update, wanted, found->second.state->index};
}

std::vector<const PolicyState*> Comparison::unwanted() const {
  std::vector<const PolicyState*> left;
  for (const auto& [key, entry] : old_)
    if (!entry.stays) left.push_back(entry.state);
  std::sort(left.begin(), left.end(), [](const auto* a, const auto* b) {
    return std::tie(b->spec.priority, a->index) < std::tie(a->spec.priority, b->index);
  });
  return left;
}

PolicyStep removal_of(const PolicyState& state) { return {PolicyStep::Kind::remove, state.spec, state.index}; }

std::vector<PolicyStep> difference(std::span<const PolicyState> present, std::span<const CompiledPolicy> wanted) {
  Comparison comparison(present);
  std::vector<PolicyStep> steps;
  for (const auto& entry : wanted)
    if (auto step = comparison.step_for(entry.spec)) steps.push_back(std::move(*step));
  for (const auto* state : comparison.unwanted()) steps.push_back(removal_of(*state));
  return steps;
}

}  // namespace ipsec9000
