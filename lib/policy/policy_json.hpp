// Policies as JSON, in the words of the configuration file: what secpolicyd answers and the tools print.
#pragma once
#include <optional>

#include "base/json_fwd.hpp"
#include "policy/configuration.hpp"
#include "policy/matcher.hpp"

namespace ipsec9000 {

// The mark that all entries of one policy share in reports, after HP-UX: 1 is the default policy, a policy has its
// place + 1, what stands above the policies (bypass, neighbour discovery) has 0.
inline std::uint32_t cookie_of_place(std::uint32_t place) { return place + 1; }

// As the configuration file writes it: a number, "1024-65535" or "any".
Json port_json(const PortRange& ports);

// {"name", "place", "kind", "cookie", "action", "local", "remote", "protocol", "local_port", "remote_port", "icmp",
// "transforms": [...], "exclusive", "pfs", "tunnel"}; "icmp", "pfs" and "tunnel" are null where there is none, a port
// is a number, a range or "any".
Json to_json(const Policy& policy);
// The same as one direction's rule: "direction", "source", "source_port", "destination" and "destination_port" in
// place of the local and remote ones.
Json active_json(const Policy& policy, Direction direction);
// The default policy; with a direction as an active rule.
Json default_json(const Configuration& configuration, std::optional<Direction> direction);
// What was chosen for a packet: one of the above, without a direction.
Json to_json(const Match& match, const Configuration& configuration);
// {"name", "place", "kind", "chosen", "matched", "field", "reason"}
Json to_json(const Candidate& candidate);

}  // namespace ipsec9000
