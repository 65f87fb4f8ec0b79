// The client identities of Quick Mode, IDci and IDcr (RFC 2407, 4.6.2; RFC 2409, 5.5): between selectors and payloads.
#pragma once
#include "base/selector.hpp"
#include "wire/payloads.hpp"

namespace ipsec9000::ike {

// One side of a selector.
struct TrafficEnd {
  Prefix prefix;
  IpProtocol protocol = IpProtocol::any;
  PortRange port;
  auto operator<=>(const TrafficEnd&) const = default;
};

// A range of ports, and ICMP's type and code, have no form here: they become "any port".
wire::Identification identification_of(const TrafficEnd& end);
// Addresses, subnets, and ranges that are a subnet. Anything else is an error.
Result<TrafficEnd> traffic_end_from(const wire::Identification& id);

TrafficEnd source_end(const Selector& selector);
TrafficEnd destination_end(const Selector& selector);
// Fails when the protocols or families differ.
Result<Selector> selector_between(const TrafficEnd& source, const TrafficEnd& destination);

}  // namespace ipsec9000::ike
