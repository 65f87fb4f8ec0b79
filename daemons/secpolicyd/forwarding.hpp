// What becomes of packets that this host passes on for others.
#pragma once
#include <optional>

#include "policy/matcher.hpp"

namespace ipsec9000 {

// Whether this host forwards at all, IPv4 or IPv6.
bool forwards_packets();

struct Stop {
  Direction at;  // in: as it comes (the kernel's direction "forward"); out: as it leaves
  Match match;
};
// The policy that discards a packet on its way through; nothing where it passes, or where it waits for protection. The
// kernel asks `forward` before `out`, and has policies there only where one of them has a tunnel; else the default
// alone.
std::optional<Stop> stopped_on_the_way(const Matcher& matcher, const Flow& flow, bool tunnels);

}  // namespace ipsec9000
