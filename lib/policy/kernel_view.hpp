// What the kernel itself would do with a packet, worked out from a dump of its policies.
#pragma once
#include <cstddef>
#include <optional>
#include <span>

#include "policy/configuration.hpp"
#include "policy/matcher.hpp"
#include "xfrm/types.hpp"

namespace ipsec9000 {

// The policy that wins for the packet: the lowest priority among those of the direction that match. Policies of
// sockets do not count. Null when none matches, and the kernel's default decides.
const PolicyState* kernel_lookup(std::span<const PolicyState> policies, PolicyDirection direction, const Flow& flow);

// allow with templates: secure; allow without: pass; block: discard.
Decision decision_of(const PolicySpec& policy);

// The thresholds for which the kernel finds most policies by hash and few in one chain. Full addresses, which is the
// kernel's own choice, where nothing is better.
HashThresholds choose_thresholds(const Configuration& configuration);

}  // namespace ipsec9000
