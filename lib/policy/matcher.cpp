#include "policy/matcher.hpp"

#include <algorithm>

namespace ipsec9000 {

namespace {
std::string value_of(FilterField field, const Packet& packet) {
  switch (field) {
    case FilterField::local:
      return packet.local.to_string();
    case FilterField::remote:
      return packet.remote.to_string();
    case FilterField::protocol:
      return to_string(packet.protocol);
    case FilterField::local_port:
      return std::to_string(packet.local_port);
    case FilterField::remote_port:
      return std::to_string(packet.remote_port);
  }
  return {};
}

std::string wanted_by(FilterField field, const Filter& filter) {
  switch (field) {
    case FilterField::local:
      return filter.local ? filter.local->to_string() : "any";
    case FilterField::remote:
      return filter.remote ? filter.remote->to_string() : "any";
    case FilterField::protocol:
      return to_string(filter.protocol);
    case FilterField::local_port:
      return filter.local_port.to_string();
    case FilterField::remote_port:
      return filter.remote_port.to_string();
  }
  return {};
}

std::string shown_name(FilterField field, const Filter& filter) {
  if (!is_icmp(filter.protocol)) return to_string(field);
  if (field == FilterField::local_port) return "ICMP type";
  if (field == FilterField::remote_port) return "ICMP code";
  return to_string(field);
}

std::string why_chosen(const Policy& policy) {
  if (kind_of(policy.filter) == PolicyKind::ordered) return "chosen: the first ordered policy that matches";
  const auto exact = exact_fields(policy.filter);
  return "chosen: " + std::to_string(exact) + (exact == 1 ? " exact field matches" : " exact fields match");
}

std::string why_behind(const Policy& policy, const Policy& winner) {
  if (kind_of(policy.filter) == PolicyKind::ordered && kind_of(winner.filter) == PolicyKind::hashed)
    return "matches, but is ordered, and a hashed policy matches too";
  const auto exact = exact_fields(policy.filter);
  if (kind_of(policy.filter) == PolicyKind::hashed && exact < exact_fields(winner.filter))
    return "matches, but by " + std::to_string(exact) + " exact fields against " +
           std::to_string(exact_fields(winner.filter));
  return "matches, but stands behind \"" + winner.name + "\" in the file";
}

Candidate lost_at(const Policy& policy, FilterField field, const Packet& packet) {
  return {
      &policy,
      kind_of(policy.filter),
      false,
      false,
      field,
      shown_name(field, policy.filter) + " is " + value_of(field, packet) + ", not " + wanted_by(field, policy.filter)};
}
}  // namespace

std::string Match::name() const { return policy == nullptr ? to_string(kind) : policy->name; }

Matcher::Matcher(const Configuration& configuration)
    : configuration_(configuration),
      order_(selection_order(configuration)),
      bypass_(configuration.bypass.begin(), configuration.bypass.end()) {
  by_rank_.reserve(order_.size());
  for (std::uint32_t rank = 0; rank < order_.size(); ++rank) {
    const auto& policy = configuration_.policies[order_[rank]];
    by_rank_.push_back({order_[rank], kind_of(policy.filter), policy.action});
    ipv4_.add(policy.filter, rank);
    ipv6_.add(policy.filter, rank);
  }
}

bool Matcher::can_replace(const Policy& before, const Policy& after, std::uint32_t rank) const {
  if (before.filter == after.filter) return true;
  return same_class(before.filter, after.filter) && ipv4_.can_replace(after.filter, rank) &&
         ipv6_.can_replace(after.filter, rank);
}

void Matcher::replaced(const Policy& before, std::uint32_t rank) {
  const auto& after = configuration_.policies[order_[rank]];
  by_rank_[rank].action = after.action;
  if (before.filter == after.filter) return;
  ipv4_.replace(before.filter, after.filter, rank);
  ipv6_.replace(before.filter, after.filter, rank);
}

Match Matcher::above_policies(const Flow& flow, const Packet& packet, bool& found) const {
  found = true;
  if (flow.protocol == IpProtocol::icmpv6 && !flow.source.is_ipv4() && flow.source_port >= neighbour_discovery_first &&
      flow.source_port <= neighbour_discovery_last)
    return {PolicyKind::system, nullptr, Decision::pass};
  if (!bypass_.empty() && bypass_.contains(packet.local)) return {PolicyKind::bypass, nullptr, Decision::pass};
  found = false;
  return {PolicyKind::fallback, nullptr, configuration_.default_action};
}

Match Matcher::match(const Flow& flow, Direction direction) const {
  const auto packet = seen_from_here(flow, direction);
  bool found = false;
  const auto above = above_policies(flow, packet, found);
  if (found) return above;
  const auto rank = (flow.source.is_ipv4() ? ipv4_ : ipv6_).find(packet);
  if (!rank) return above;
  const auto& chosen = by_rank_[*rank];
  return {chosen.kind, &configuration_.policies[chosen.index], chosen.action};
}

Explanation Matcher::explain(const Flow& flow, Direction direction, std::size_t limit) const {
  Explanation explanation;
  explanation.match = match(flow, direction);
  const auto& winner = explanation.match;
  const auto packet = seen_from_here(flow, direction);
  const auto add = [&](Candidate candidate) {
    // One place is kept for the winner.
    if (explanation.candidates.size() + (candidate.chosen ? 0 : 1) < std::max<std::size_t>(limit, 1))
      explanation.candidates.push_back(std::move(candidate));
    else
      ++explanation.omitted;
  };
  if (winner.kind == PolicyKind::system || winner.kind == PolicyKind::bypass) {
    const bool system = winner.kind == PolicyKind::system;
    add({nullptr, winner.kind, true, true, std::nullopt,
         system ? "chosen: IPv6 neighbour discovery never gets caught in a policy"
                : "chosen: " + packet.local.to_string() + " is in the bypass list"});
    return explanation;
  }
  bool behind = false;
  for (const auto index : order_) {
    const auto& policy = configuration_.policies[index];
    if (&policy == winner.policy) {
      add({&policy, winner.kind, true, true, std::nullopt, why_chosen(policy)});
      behind = true;
    } else if (const auto field = policy.filter.first_mismatch(packet); !field) {
      add({&policy, kind_of(policy.filter), false, true, std::nullopt, why_behind(policy, *winner.policy)});
    } else if (!behind) {
      add(lost_at(policy, *field, packet));
    }
  }
  if (winner.policy == nullptr)
    add({nullptr, PolicyKind::fallback, true, true, std::nullopt, "chosen: no policy matches, so the default decides"});
  return explanation;
}

}  // namespace ipsec9000
