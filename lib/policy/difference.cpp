#include "policy/difference.hpp"

#include <algorithm>
#include <unordered_map>

namespace ipsec9000 {

namespace {
struct HashKey {
  std::size_t operator()(const PolicyKey& key) const noexcept {
    return HashSelector{}(key.selector) * 31 + (key.owner << 2) + static_cast<std::size_t>(key.direction);
  }
};
}  // namespace

std::vector<PolicyStep> difference(std::span<const PolicyState> present, std::span<const CompiledPolicy> wanted) {
  struct Old {
    const PolicyState* state;
    bool stays = false;
  };
  std::unordered_map<PolicyKey, Old, HashKey> old;
  old.reserve(present.size());
  for (const auto& state : present) old.emplace(state.spec.key(), Old{&state});
  std::vector<PolicyStep> steps;
  for (const auto& entry : wanted) {
    const auto found = old.find(entry.spec.key());
    if (found == old.end()) {
      steps.push_back({PolicyStep::Kind::add, entry.spec, 0});
      continue;
    }
    found->second.stays = true;
    if (found->second.state->spec != entry.spec)
      steps.push_back({PolicyStep::Kind::update, entry.spec, found->second.state->index});
  }
  const auto first_removal = static_cast<std::ptrdiff_t>(steps.size());
  for (const auto& [key, entry] : old)
    if (!entry.stays) steps.push_back({PolicyStep::Kind::remove, entry.state->spec, entry.state->index});
  std::sort(steps.begin() + first_removal, steps.end(), [](const auto& a, const auto& b) {
    return std::tie(b.spec.priority, a.index) < std::tie(a.spec.priority, b.index);
  });
  return steps;
}

}  // namespace ipsec9000
