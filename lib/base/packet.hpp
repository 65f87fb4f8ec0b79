// The five values of an IP packet, read from its headers.
#pragma once
#include <optional>

#include "base/bytes.hpp"
#include "base/selector.hpp"

namespace ipsec9000 {

// `packet` begins with the IPv4 or IPv6 header and may be cut off behind the ports. IPv6 extension headers are passed
// over. Nothing: no IP packet, too short to tell, or a fragment that is not the first.
std::optional<Flow> flow_of_packet(ByteView packet);

}  // namespace ipsec9000
