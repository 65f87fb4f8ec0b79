#include "policy/kernel_view.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_set>

#include "policy/tuple_space.hpp"

namespace ipsec9000 {

namespace {
// What a packet pays, in arbitrary units, for a policy that is in no hash chain, and for one that is in its chain.
constexpr double unhashed_cost = 20;
constexpr double chained_cost = 5;
constexpr std::size_t candidates_limit = 24;

constexpr std::size_t chains_looked_at = 4096;

using Lengths = std::pair<unsigned, unsigned>;

// The policies of one family, as far as the kernel's hash sees them.
class Ends {
 public:
  Ends(const Configuration& configuration, Family family) {
    for (const auto& policy : configuration.policies) {
      if (!policy.filter.allows(family)) continue;
      const auto local = policy.filter.local_prefix(family);
      const auto remote = policy.filter.remote_prefix(family);
      all_.push_back({bits_of(local.address()), bits_of(remote.address()), {local.length(), remote.length()}});
      ++kinds_[all_.back().lengths];
    }
  }

  const std::map<Lengths, std::size_t>& kinds() const { return kinds_; }

  // What a packet pays with these thresholds, or `bound` where it is that or more.
  double cost(const Lengths& lengths, double bound) const {
    std::size_t hashed = 0;
    for (const auto& [kind, count] : kinds_)
      if (is_hashed(kind, lengths)) hashed += count;
    const double unhashed = static_cast<double>(all_.size() - hashed) * unhashed_cost;
    if (unhashed + (hashed != 0 ? chained_cost : 0) >= bound) return bound;
    return unhashed + (hashed != 0 ? chain_length(lengths, hashed) * chained_cost : 0);
  }

 private:
  struct Pair {
    AddressBits local;
    AddressBits remote;
    Lengths lengths;
  };
  static bool is_hashed(const Lengths& kind, const Lengths& lengths) {
    return kind.first >= lengths.first && kind.second >= lengths.second;
  }

  // On average, from whole chains that their hash picks: of many policies only so many chains are looked at.
  double chain_length(const Lengths& lengths, std::size_t hashed) const {
    const std::size_t one_in = hashed / chains_looked_at + 1;
    std::unordered_set<TupleKey, HashTupleKey> chains;
    std::size_t members = 0;
    for (const auto& pair : all_) {
      if (!is_hashed(pair.lengths, lengths)) continue;
      const TupleKey key{pair.local.masked(lengths.first), pair.remote.masked(lengths.second), 0, 0, 0};
      if ((HashTupleKey{}(key) >> 32) % one_in != 0) continue;
      ++members;
      chains.insert(key);
    }
    // None picked: there are few chains for so many policies.
    return chains.empty() ? static_cast<double>(hashed)
                          : static_cast<double>(members) / static_cast<double>(chains.size());
  }

  std::vector<Pair> all_;
  std::map<Lengths, std::size_t> kinds_;
};

std::optional<HashThreshold> choose(const Configuration& configuration, Family family) {
  const Ends ends(configuration, family);
  const auto full = IpAddress::any(family).bits();
  std::vector<std::pair<std::size_t, Lengths>> candidates;
  for (const auto& [lengths, count] : ends.kinds()) candidates.emplace_back(count, lengths);
  std::sort(candidates.rbegin(), candidates.rend());
  if (candidates.size() > candidates_limit) candidates.resize(candidates_limit);
  // The common lower bounds of two kinds as well: with 32/24 and 24/32 in use, 24/24 has both.
  const auto kinds = candidates;
  for (const auto& [count, one] : kinds)
    for (const auto& [other_count, other] : kinds)
      if (candidates.size() < 4 * candidates_limit)
        candidates.emplace_back(0, Lengths{std::min(one.first, other.first), std::min(one.second, other.second)});
  Lengths best{full, full};
  double best_cost = ends.cost(best, std::numeric_limits<double>::infinity());
  for (const auto& [count, lengths] : candidates) {
    if (lengths == Lengths{0, 0}) continue;
    if (const double price = ends.cost(lengths, best_cost); price < best_cost) {
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

void EntryShapes::add(const PolicySpec& entry) {
  const auto& selector = entry.selector;
  const Shape shape{entry.direction,
                    selector.family(),
                    selector.source.length(),
                    selector.destination.length(),
                    selector.protocol != IpProtocol::any,
                    selector.source_port.mask,
                    selector.destination_port.mask,
                    entry.owner};
  if (last_ == shape) return;
  shapes_.insert(shape);
  last_ = shape;
}

void EntryShapes::clear() {
  shapes_.clear();
  last_.reset();
}

std::vector<PolicyKey> EntryShapes::keys_for(const Flow& flow, PolicyDirection direction) const {
  std::vector<PolicyKey> keys;
  const auto masked = [](std::uint16_t port, std::uint16_t mask) {
    return PortMask{static_cast<std::uint16_t>(port & mask), mask};
  };
  for (const auto& shape : shapes_) {
    if (shape.direction != direction || shape.family != flow.source.family()) continue;
    const auto source = Prefix::make(flow.source, shape.source_length);
    const auto destination = Prefix::make(flow.destination, shape.destination_length);
    if (!source || !destination) continue;  // addresses of mixed families
    const KernelSelector selector{*source, *destination, shape.protocol ? flow.protocol : IpProtocol::any,
                                  masked(flow.source_port, shape.source_port),
                                  masked(flow.destination_port, shape.destination_port)};
    if (selector.matches(flow)) keys.push_back({selector, direction, shape.owner});
  }
  return keys;
}

HashThresholds choose_thresholds(const Configuration& configuration) {
  return {choose(configuration, Family::ipv4), choose(configuration, Family::ipv6)};
}

}  // namespace ipsec9000
