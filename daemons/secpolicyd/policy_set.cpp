#include "policy_set.hpp"

#include <algorithm>
#include <utility>

namespace ipsec9000 {

bool PolicySet::can_replace(const std::vector<Policy>& next) const {
  return std::all_of(next.begin(), next.end(), [&](const Policy& policy) {
    const auto index = policy.place - 1;
    return matcher.can_replace(configuration.policies[index], policy, keying.rank_of(index));
  });
}

std::vector<PolicySet::Replaced> PolicySet::replace(std::vector<Policy> next) {
  std::vector<Replaced> replaced;
  for (auto& policy : next) {
    const auto index = policy.place - 1;
    const auto reqid = keying.reqid_of(index);
    replaced.push_back({std::exchange(configuration.policies[index], std::move(policy)), reqid});
    matcher.replaced(replaced.back().policy, keying.rank_of(index));
    keying.replaced(replaced.back().policy, index);
  }
  return replaced;
}

}  // namespace ipsec9000
