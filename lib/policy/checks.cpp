#include <algorithm>
#include <map>
#include <set>

#include "policy/reader.hpp"
#include "policy/selection.hpp"
#include "policy/tuple_space.hpp"

namespace ipsec9000 {

namespace {
// Answers "is there an ISAKMP policy for any address in this prefix?" without looking at all of them.
class Coverage {
 public:
  explicit Coverage(const std::vector<IsakmpPolicy>& policies) {
    for (const auto& policy : policies) {
      if (!policy.remote) {
        any_ = true;
        continue;
      }
      prefixes_.insert({policy.remote->address(), policy.remote->length()});
      lengths_[policy.remote->family()].insert(policy.remote->length());
    }
  }

  bool overlaps(const std::optional<Prefix>& peer) const {
    if (any_) return true;
    if (!peer) return !prefixes_.empty();
    const auto at = lengths_.find(peer->family());
    if (at == lengths_.end()) return false;
    for (const auto length : at->second) {
      if (length > peer->length()) break;
      if (prefixes_.contains({Prefix::make(peer->address(), length)->address(), length})) return true;
    }
    const auto inside = prefixes_.lower_bound({peer->address(), 0});
    return inside != prefixes_.end() && peer->contains(inside->first);
  }

 private:
  bool any_ = false;
  std::set<std::pair<IpAddress, unsigned>> prefixes_;
  std::map<Family, std::set<unsigned>> lengths_;
};

std::optional<Prefix> peer_of(const Policy& policy) {
  return policy.tunnel ? std::optional(Prefix(policy.tunnel->remote)) : policy.filter.remote;
}

constexpr std::size_t nanoseconds_per_entry = 20;  // measured on Linux 6.1 and 6.18
constexpr std::size_t worth_a_warning = 10;        // entries
}  // namespace

void check_isakmp_coverage(const Configuration& configuration, const std::vector<PolicyPositions>& positions,
                           MessageList& messages) {
  const Coverage coverage(configuration.isakmp_policies);
  for (std::size_t index = 0; index < positions.size(); ++index) {
    const auto& policy = configuration.policies[index];
    if (!positions[index].sound || policy.action != Decision::secure) continue;
    const auto peer = peer_of(policy);
    if (coverage.overlaps(peer)) continue;
    messages.error(positions[index].peer, pointer_to("/policies", index),
                   "no entry of \"isakmp_policies\" is for " + (peer ? peer->to_string() : "any address") +
                       ", so policy \"" + policy.name + "\" cannot be negotiated");
  }
}

bool has_isakmp_policy(const Configuration& configuration, const Policy& policy) {
  return policy.action != Decision::secure || Coverage(configuration.isakmp_policies).overlaps(peer_of(policy));
}

void check_kernel_cost(const Configuration& configuration, const std::vector<PolicyPositions>& positions,
                       MessageList& messages) {
  std::size_t all = 0;
  std::map<Family, std::size_t> wildcards;
  std::optional<std::size_t> first;
  for (std::size_t index = 0; index < configuration.policies.size(); ++index) {
    const auto& filter = configuration.policies[index].filter;
    const auto entries = kernel_entries(filter);
    all += all_kernel_entries(filter);
    const bool wildcard = (!filter.local || filter.local->is_any()) && (!filter.remote || filter.remote->is_any());
    if (!wildcard) continue;
    if (!first) first = index;
    for (const auto family : {Family::ipv4, Family::ipv6})
      if (filter.allows(family)) wildcards[family] += entries;
  }
  if (all > maximum_kernel_entries)
    messages.error({0, 0}, "/policies",
                   std::to_string(configuration.policies.size()) + " policies that become " + std::to_string(all) +
                       " policies of the kernel",
                   "at most " + std::to_string(maximum_kernel_entries), "a range of ports becomes several");
  const auto most = std::max(wildcards[Family::ipv4], wildcards[Family::ipv6]);
  if (first && most >= worth_a_warning)
    messages.warning(positions[*first].name, pointer_to("/policies", *first),
                     "policies without an address, of which this is the first, become " + std::to_string(most) +
                         " policies that the kernel cannot hash: about " +
                         std::to_string(most * nanoseconds_per_entry) + " ns for each packet");
}

void warn_about_shadowed(const Configuration& configuration, const std::vector<PolicyPositions>& positions,
                         MessageList& messages) {
  const auto order = selection_order(configuration);
  TupleSpace ipv4(Family::ipv4);
  TupleSpace ipv6(Family::ipv6);
  std::size_t probes = 0;
  for (std::uint32_t rank = 0; rank < order.size(); ++rank) {
    const auto& policy = configuration.policies[order[rank]];
    const auto& space = policy.filter.allows(Family::ipv4) ? ipv4 : ipv6;  // one that holds both is found in either
    probes += space.combinations();
    if (probes > most_probes) {
      messages.warning({0, 0}, "/policies", "too many kinds of filters to look for all policies that can never match");
      return;
    }
    for (const auto candidate : space.covering_candidates(policy.filter, rank)) {
      const auto& other = configuration.policies[order[candidate]];
      if (!other.filter.contains(policy.filter)) continue;
      messages.warning(positions[order[rank]].name, pointer_to("/policies", order[rank]),
                       "policy \"" + policy.name + "\" can never match: \"" + other.name + "\" (place " +
                           std::to_string(other.place) + ") is chosen before it for all its packets");
      break;
    }
    ipv4.add(policy.filter, rank);
    ipv6.add(policy.filter, rank);
  }
}

}  // namespace ipsec9000
