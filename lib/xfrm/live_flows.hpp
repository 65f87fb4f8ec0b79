// Which flows this host has just now, as the kernel knows them, in the network namespace we are in.
#pragma once
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "base/selector.hpp"

namespace ipsec9000 {

// The connected TCP and UDP sockets, IPv4 and IPv6, as flows that go out; without those that listen and those in
// TIME_WAIT. IPv4 over IPv6 sockets are IPv4. At most `maximum`. (inet_diag)
// `sending`: of TCP only those with something that the peer has not acknowledged; of each protocol and family as many
// are looked at.
enum class Sockets : std::uint8_t { all, sending };
Result<std::vector<Flow>> socket_flows(std::size_t maximum, Sockets which = Sockets::all);

// What connection tracking knows, each connection as two flows, the way its first packet went and the way back; what
// is forwarded is among them. Nothing when connection tracking is not in use here: asking would switch it on. At most
// `maximum`. (ctnetlink)
Result<std::optional<std::vector<Flow>>> tracked_flows(std::size_t maximum);

}  // namespace ipsec9000
