// A UDP datagram as the IP packet that it would travel in, for traces.
#pragma once
#include "base/address.hpp"
#include "base/bytes.hpp"

namespace ipsec9000 {

// Both ends are of one family. With right checksums, and cut where IP could not hold it.
Bytes udp_packet(const Endpoint& source, const Endpoint& destination, ByteView payload);

}  // namespace ipsec9000
