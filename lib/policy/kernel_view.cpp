#include "policy/kernel_view.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_set>

#include "policy/tuple_space.hpp"

namespace ipsec9000 {

namespace {
// What a packet pays, in arbitrary units, for a policy that is in no hash chain, and ffor one that is in its chain.
constexpr double unhashed_cost = 20;
constexpr double chained_cost = 5;
constexpr std::size_t candidates_limit = 24;

using Lengths = std::pair<unsigned, unsigned>;
struct Ends {
  Prefix local;
  Prefix remote;
};

std::vector<Ends> ends_of(const Configuration& configuration, Family family) {
  std::vector<Ends> all;
  for (const auto& policy : configuration.policies)
    if (policy.filter.allows(family))
      all.push_back({policy.filter.local_prefix(family), policy.filter.remote_prefix(family)});
  return all;
}

double cost(const std::vector<Ends>& all, const Lengths& lengths) {
  const auto [local, remote] = lengths;
  std::unordered_set<TupleKey, HashTupleKey> chains;
  std::size_t hashed = 0;
  for (const auto& ends : all) {
    if (ends.local.length() < local || ends.remote.length() < remote) continue;
    ++hashed;
    chains.insert(
        {bits_of(ends.local.address()).masked(local), bits_of(ends.remote.address()).masked(remote), 0, 0, 0});
  }
  const double chain = chains.empty() ? 0 : static_cast<double>(hashed) / static_cast<double>(chains.size());
  return static_cast<double>(all.size() - hashed) * unhashed_cost + chain * chained_cost;
}

std::optional<HashThreshold> choose(const Configuration& configuration, Family family) {
  const auto all = ends_of(configuration, family);
  const auto full = IpAddress::any(family).bits();
  std::map<Lengths, std::size_t> frequency;
  for (const auto& ends : all) ++frequency[{ends.local.length(), ends.remote.length()}];
  std::vector<std::pair<std::size_t, Lengths>> candidates;
  for (const auto& [lengths, count] : frequency) candidates.emplace_back(count, lengths);
  std::sort(candidates.rbegin(), candidates.rend());
  if (candidates.size() > candidates_limit) candidates.resize(candidates_limit);
  // The common lower bounds of two kinds as well: with 32/24 and 24/32 in use, 24/24 has both.
  const auto kinds = candidates;
  for (const auto& [count, one] : kinds)
    for (const auto& [other_count, other] : kinds)
      if (candidates.size() < 4 * candidates_limit)
        candidates.emplace_back(0, Lengths{std::min(one.first, other.first), std::min(one.second, other.second)});
  Lengths best{full, full};
  double best_cost = cost(all, best);
  for (const auto& [count, lengths] : candidates) {
    if (lengths == Lengths{0, 0}) continue;
    if (const double price = cost(all, lengths); price < best_cost) {
      best = lengths;
      best_cost = price;
    }
  }
  return HashThreshold{static_cast<std::uint8_t>(best.first), static_cast<std::uint8_t>(best.second)};
}
}  // namespace

const PolicyState* kernel_lookup(std::span<const PolicyState> policies, PolicyDirection direction, const Flow& flow) {
  const PolicyState* best = nullptr;
  for (const auto& policy : policies)
    if (policy.spec.direction == direction && (best == nullptr || policy.spec.priority < best->spec.priority) &&
        policy.spec.selector.matches(flow))
      best = &policy;
  return best;
}

Decision decision_of(const PolicySpec& policy) {
  if (policy.action != PolicyAction::allow) return Decision::discard;
  return policy.templates.empty() ? Decision::pass : Decision::secure;
}

HashThresholds choose_thresholds(const Configuration& configuration) {
  return {choose(configuration, Family::ipv4), choose(configuration, Family::ipv6)};
}

}  // namespace ipsec9000
