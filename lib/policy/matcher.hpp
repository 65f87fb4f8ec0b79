// Which policy is for this packet? The one function that ACQUIRE, the responder, ipsec_policy and the compiler's test
// go by.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "policy/configuration.hpp"
#include "policy/selection.hpp"
#include "policy/tuple_space.hpp"

namespace ipsec9000 {

struct Match {
  PolicyKind kind = PolicyKind::fallback;
  const Policy* policy = nullptr;  // null unless hashed or ordered; owned by the configuration
  Decision action = Decision::pass;

  std::string name() const;  // of the policy; "default", "bypass" or "system" where there is none
  unsigned place() const { return policy == nullptr ? 0 : policy->place; }
};

// One policy that was in question for a packet.
struct Candidate {
  const Policy* policy = nullptr;  // null: the default policy
  PolicyKind kind = PolicyKind::fallback;
  bool chosen = false;
  bool matched = false;
  std::optional<FilterField> field;  // where it did not match
  std::string reason;                // "remote port is 80, not 23"; "chosen: 4 exact fields match"
};
struct Explanation {
  Match match;
  std::vector<Candidate> candidates;  // in the order of selection
  std::size_t omitted = 0;            // candidates beyond the limit
};

class Matcher {
 public:
  // The configuration must outlive the matcher and must not change, but as replaced() is told.
  explicit Matcher(const Configuration& configuration);

  // `flow` as it is sent on the wire: inbound, its destination is local. Addresses of mixed families match nothing
  // but the default. Costs one hash probe for each combination of masks among the policies.
  Match match(const Flow& flow, Direction direction) const;
  // Every policy that lost before the winner with the field where it lost, the winner, and those behind it that match
  // as well. At most `limit` candidates; the winner is always among them. Looks at every policy.
  Explanation explain(const Flow& flow, Direction direction, std::size_t limit = 1000) const;

  // Whether replaced() can follow a change of this policy to another one without all being worked out anew.
  bool can_replace(const Policy& before, const Policy& after, std::uint32_t rank) const;
  // The configuration's policy of this rank was `before` so far. No other policy may have a selector of the old or the
  // new one (CompiledTable::stands_alone).
  void replaced(const Policy& before, std::uint32_t rank);

  const Configuration& configuration() const { return configuration_; }
  // The policies by rank (selection_order).
  const std::vector<std::uint32_t>& order() const { return order_; }
  bool is_bypassed(const IpAddress& local) const { return bypass_.contains(local); }

 private:
  Match above_policies(const Flow& flow, const Packet& packet, bool& found) const;

  const Configuration& configuration_;
  std::vector<std::uint32_t> order_;
  struct Chosen {  // what a match says of a policy, so that the policy itself need not be read
    std::uint32_t index;
    PolicyKind kind;
    Decision action;
  };
  std::vector<Chosen> by_rank_;
  TupleSpace ipv4_{Family::ipv4};
  TupleSpace ipv6_{Family::ipv6};
  std::unordered_set<IpAddress, HashAddress> bypass_;
};

// What never gets caught by a policy: neighbour discovery (RFC 4861: ICMPv6 types 133 to 137).
inline constexpr std::uint16_t neighbour_discovery_first = 133;
inline constexpr std::uint16_t neighbour_discovery_last = 137;

}  // namespace ipsec9000
