// The responder's side of keying: which group a peer's proposal belongs to.
#include <algorithm>

#include "policy/keying.hpp"

namespace ipsec9000 {

namespace {
bool overlap(const Filter& filter, const Filter& other, Family family) {
  return filter.allows(family) && filter.local_prefix(family).overlaps(other.local_prefix(family)) &&
         filter.remote_prefix(family).overlaps(other.remote_prefix(family)) &&
         (filter.protocol == IpProtocol::any || other.protocol == IpProtocol::any ||
          filter.protocol == other.protocol) &&
         filter.local_port.overlaps(other.local_port) && filter.remote_port.overlaps(other.remote_port);
}

// How well a policy goes with what a peer offers. What makes two groups of policies must tell them apart here too, or
// the SAs would come into the group of which the peer did not speak, and its packets meet the wrong template.
// Transforms weigh most: what has none in common is refused. Lifetimes least, for a peer may propose shorter ones.
constexpr int full_agreement = 2 * 4 + 2 + 1;
int agreement(const Policy& policy, const CoverQuery& query) {
  const auto texts = [](const auto& transforms, auto text) {
    std::vector<std::string> all;
    all.reserve(transforms.size());
    for (const auto& transform : transforms) all.push_back((transform.*text)());
    return all;
  };
  const auto usable = policy.usable_transforms();
  const auto ours = texts(usable, &Transform::name);
  const auto theirs = texts(query.offered, &Transform::name);
  const auto common = [&](const std::string& name) {
    return std::find(theirs.begin(), theirs.end(), name) != theirs.end();
  };
  const int transforms = ours == theirs ? 2 : std::any_of(ours.begin(), ours.end(), common) ? 1 : 0;
  const bool lifetimes = texts(usable, &Transform::to_string) == texts(query.offered, &Transform::to_string);
  return transforms * 4 + (policy.pfs == query.pfs ? 2 : 0) + (lifetimes ? 1 : 0);
}

std::string port_text(const std::optional<std::uint16_t>& port) { return port ? std::to_string(*port) : "any"; }

std::string differs(const Policy& policy, std::string_view field, const std::string& wanted,
                    const std::string& proposed) {
  return "policy \"" + policy.name + "\" differs in the " + std::string(field) + ": it says " + wanted +
         ", the peer proposes " + proposed;
}
}  // namespace

Result<Keying::Wanted> Keying::take_apart(const CoverQuery& query) {
  const auto& proposed = query.proposed;
  Wanted wanted;
  wanted.family = proposed.source.family();
  if (proposed.destination.family() != wanted.family || query.local.family() != query.remote.family())
    return Error{ErrorCode::invalid_input, "the addresses of " + proposed.to_string() + " are of different families"};
  if (query.mode == Mode::transport &&
      (proposed.source != Prefix(query.local) || proposed.destination != Prefix(query.remote)))
    return Error{ErrorCode::refused, "in transport mode the SAs are for the two hosts " + query.local.to_string() +
                                         " and " + query.remote.to_string() + ", the peer proposes " +
                                         proposed.source.to_string() + " and " + proposed.destination.to_string()};
  wanted.filter = {proposed.source, proposed.destination, proposed.protocol, proposed.source_port,
                   proposed.destination_port};
  if (!has_ports(proposed.protocol)) wanted.filter.local_port = wanted.filter.remote_port = PortRange::any();
  wanted.shape = Shape::of(wanted.filter);
  wanted.hosts = {proposed.source.address(), proposed.destination.address(), proposed.protocol, 0, 0};
  return wanted;
}

// Indices of all policies, of whatever action, that share packets with the proposal; by rank. In tunnel mode only
// those whose prefixes hold the proposal's prefixes, which is what accepting needs.
std::vector<std::uint32_t> Keying::overlapping(const Wanted& wanted, const std::vector<const Bucket*>& buckets) const {
  std::vector<std::uint32_t> found;
  for (const auto* bucket : buckets)
    for (const auto index : bucket->policies)
      if (overlap(policy_at(index).filter, wanted.filter, wanted.family)) found.push_back(index);
  std::sort(found.begin(), found.end(), [&](auto a, auto b) { return rank_of_[a] < rank_of_[b]; });
  return found;
}

std::string Keying::why_not(const Policy& policy, const CoverQuery& query, const Wanted& wanted,
                            const std::vector<const Bucket*>& buckets) const {
  const auto mode = policy.tunnel ? Mode::tunnel : Mode::transport;
  if (policy.action != Decision::secure) return differs(policy, "action", to_string(policy.action), "to secure it");
  if (mode != query.mode)
    return differs(policy, "mode", std::string(to_string(mode)), std::string(to_string(query.mode)));
  if (policy.tunnel && policy.tunnel->local != query.local)
    return differs(policy, "local end of the tunnel", policy.tunnel->local.to_string(), query.local.to_string());
  if (policy.tunnel && policy.tunnel->remote != query.remote)
    return differs(policy, "remote end of the tunnel", policy.tunnel->remote.to_string(), query.remote.to_string());
  const auto local = policy.filter.local_prefix(wanted.family);
  const auto remote = policy.filter.remote_prefix(wanted.family);
  if (!local.contains(*wanted.filter.local))
    return differs(policy, "local address", local.to_string(), wanted.filter.local->to_string());
  if (!remote.contains(*wanted.filter.remote))
    return differs(policy, "remote address", remote.to_string(), wanted.filter.remote->to_string());
  const auto shape = policy.exclusive ? Shape::of(policy.filter) : shape_for(group_of_[policy.place - 1], buckets);
  if (shape.protocol != IpProtocol::any && shape.protocol != wanted.shape.protocol)
    return differs(policy, "protocol", to_string(shape.protocol), to_string(wanted.shape.protocol));
  if (shape.local_port && shape.local_port != wanted.shape.local_port)
    return differs(policy, "local port", port_text(shape.local_port), port_text(wanted.shape.local_port));
  if (shape.remote_port && shape.remote_port != wanted.shape.remote_port)
    return differs(policy, "remote port", port_text(shape.remote_port), port_text(wanted.shape.remote_port));
  return {};
}

Result<Protection> Keying::choose(const CoverQuery& query, const Wanted& wanted,
                                  const std::vector<const Bucket*>& buckets) const {
  const auto& offered = query.offered;
  const Policy* best = nullptr;
  int best_agreement = -1;
  std::string refusal;
  bool refused_by_secure = false;  // such a policy's reason says more than that of one that passes or discards
  for (const auto index : overlapping(wanted, buckets)) {
    const auto& policy = policy_at(index);
    if (best != nullptr && (offered.empty() || best_agreement == full_agreement)) break;
    const auto reason = why_not(policy, query, wanted, buckets);
    const bool secures = policy.action == Decision::secure;
    if (!reason.empty() && (refusal.empty() || (secures && !refused_by_secure))) {
      refusal = reason;
      refused_by_secure = secures;
    }
    if (!secures && policy.filter.contains(wanted.filter)) break;  // takes all of it
    if (!reason.empty()) continue;
    const int agrees = offered.empty() ? 0 : agreement(policy, query);
    if (agrees <= best_agreement) continue;
    best = &policy;
    best_agreement = agrees;
  }
  if (best != nullptr) return protection_of(*best, query.proposed, query.local, query.remote);
  if (!refusal.empty()) return Error{ErrorCode::refused, refusal};
  return Error{ErrorCode::not_found, ""};
}

Result<Protection> Keying::cover(const CoverQuery& query) const {
  auto wanted = take_apart(query);
  if (!wanted) return wanted.error();
  if (matcher_.is_bypassed(query.local))
    return Error{ErrorCode::refused, query.local.to_string() + " is in the bypass list"};
  const auto buckets = buckets_for(wanted->family, wanted->hosts.local, wanted->hosts.remote);
  auto chosen = choose(query, *wanted, buckets);
  if (chosen || chosen.error().code != ErrorCode::not_found) return chosen;
  // Nothing shares a packet with it: name the policy for these addresses that comes nearest.
  const Policy* nearest = nullptr;
  for (const auto* bucket : buckets)
    for (const auto index : bucket->policies) {
      const auto& policy = policy_at(index);
      if (policy.action == Decision::secure && (nearest == nullptr || rank_of_[index] < rank_of_[nearest->place - 1]))
        nearest = &policy;
    }
  const std::string none =
      "no policy secures " + query.proposed.to_string() + " in " + std::string(to_string(query.mode)) + " mode";
  if (nearest == nullptr) return Error{ErrorCode::not_found, none};
  return Error{ErrorCode::refused, none + "; " + why_not(*nearest, query, *wanted, buckets)};
}

}  // namespace ipsec9000
