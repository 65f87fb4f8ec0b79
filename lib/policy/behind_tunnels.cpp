#include <algorithm>

#include "policy/reader.hpp"
#include "policy/tuple_space.hpp"

namespace ipsec9000 {

namespace {
bool is_net(const std::optional<Prefix>& prefix) { return prefix && prefix->length() != 0 && !prefix->is_host(); }

bool is_tunnel_for_net(const Policy& policy) {
  return policy.tunnel && policy.action == Decision::secure && is_net(policy.filter.local);
}

// The packets that come out of the policy's tunnel, on their way to the net behind: those of the other end are "local".
Filter leaving(const Filter& filter) {
  return {filter.remote, filter.local, filter.protocol, filter.remote_port, filter.local_port};
}

std::string in_words(const std::optional<Prefix>& prefix) { return prefix ? prefix->to_string() : "any"; }
}  // namespace

void warn_about_closed_nets(const Configuration& configuration, const std::vector<PolicyPositions>& positions,
                            MessageList& messages) {
  if (configuration.default_action != Decision::discard) return;
  const auto& policies = configuration.policies;
  if (std::ranges::none_of(policies, is_tunnel_for_net)) return;
  TupleSpace ipv4(Family::ipv4);
  TupleSpace ipv6(Family::ipv6);
  for (std::uint32_t index = 0; index < policies.size(); ++index) {
    ipv4.add(policies[index].filter, index);
    ipv6.add(policies[index].filter, index);
  }
  std::size_t probes = 0;
  for (std::uint32_t index = 0; index < policies.size(); ++index) {
    const auto& policy = policies[index];
    if (!is_tunnel_for_net(policy)) continue;
    const auto filter = leaving(policy.filter);
    const auto& space = filter.allows(Family::ipv4) ? ipv4 : ipv6;
    probes += space.combinations();
    if (probes > most_probes) return;
    const auto candidates = space.covering_candidates(filter, static_cast<std::uint32_t>(policies.size()));
    const bool decided = std::any_of(candidates.begin(), candidates.end(),
                                     [&](std::uint32_t each) { return policies[each].filter.contains(filter); });
    if (decided) continue;
    const auto net = in_words(filter.remote), others = in_words(filter.local);
    messages.warning(positions[index].name, pointer_to("/policies", index),
                     "what comes out of the tunnel of policy \"" + policy.name + "\" for hosts of " + net +
                         " behind this one is discarded by the default policy as it leaves: a policy with local " +
                         others + ", remote " + net + " and action pass lets it through");
  }
}

}  // namespace ipsec9000
