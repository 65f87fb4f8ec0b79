#include "ike/traffic_identity.hpp"

#include "model/identity.hpp"

namespace ipsec9000::ike {

namespace {
// The prefix that starts at `first` and ends at `last`, if the two make one.
Result<Prefix> prefix_between(const IpAddress& first, const IpAddress& last) {
  for (unsigned length = 0; length <= first.bits(); ++length) {
    auto prefix = Prefix::make(first, length);
    if (prefix && prefix->address() == first && prefix->last() == last) return prefix;
  }
  return Error{ErrorCode::unsupported,
               "the address range " + first.to_string() + "-" + last.to_string() + " is no subnet"};
}

Result<Prefix> prefix_with_mask(const IpAddress& address, const IpAddress& mask) {
  for (unsigned length = 0; length <= address.bits(); ++length) {
    auto prefix = Prefix::make(address, length);
    if (prefix && prefix->netmask() == mask) return prefix;
  }
  return Error{ErrorCode::invalid_input, "the netmask " + mask.to_string() + " has holes"};
}

Result<Prefix> prefix_from(const wire::Identification& id) {
  const auto type = static_cast<IdType>(id.id_type);
  const bool v4 = type == IdType::ipv4_address || type == IdType::ipv4_subnet || type == IdType::ipv4_range;
  const bool v6 = type == IdType::ipv6_address || type == IdType::ipv6_subnet || type == IdType::ipv6_range;
  if (!v4 && !v6)
    return Error{ErrorCode::unsupported, "identity type " + std::to_string(id.id_type) + " names no traffic"};
  const bool single = type == IdType::ipv4_address || type == IdType::ipv6_address;
  const std::size_t size = v4 ? 4 : 16;
  if (id.value.size() != (single ? size : 2 * size))
    return Error{ErrorCode::invalid_input, "an identity of a wrong length"};
  auto first = IpAddress::from_bytes(ByteView(id.value).first(size));
  if (!first) return first.error();
  if (single) return Prefix(*first);
  auto second = IpAddress::from_bytes(ByteView(id.value).subspan(size));
  if (!second) return second.error();
  const bool subnet = type == IdType::ipv4_subnet || type == IdType::ipv6_subnet;
  return subnet ? prefix_with_mask(*first, *second) : prefix_between(*first, *second);
}
}  // namespace

wire::Identification identification_of(const TrafficEnd& end) {
  const bool v4 = end.prefix.family() == Family::ipv4;
  const bool ported = has_ports(end.protocol) && end.port.is_one();
  wire::Identification id;
  id.protocol = static_cast<std::uint8_t>(end.protocol);
  id.port = ported ? end.port.first : std::uint16_t{0};
  id.value = to_bytes(end.prefix.address().bytes());
  if (end.prefix.is_host()) {
    id.id_type = static_cast<std::uint8_t>(v4 ? IdType::ipv4_address : IdType::ipv6_address);
  } else {
    id.id_type = static_cast<std::uint8_t>(v4 ? IdType::ipv4_subnet : IdType::ipv6_subnet);
    append(id.value, end.prefix.netmask().bytes());
  }
  return id;
}

Result<TrafficEnd> traffic_end_from(const wire::Identification& id) {
  auto prefix = prefix_from(id);
  if (!prefix) return prefix.error();
  const auto protocol = static_cast<IpProtocol>(id.protocol);
  if (id.port != 0 && !has_ports(protocol) && !is_icmp(protocol))
    return Error{ErrorCode::invalid_input, "a port with a protocol that has none"};
  return TrafficEnd{*prefix, protocol,
                    id.port != 0 && has_ports(protocol) ? PortRange::one(id.port) : PortRange::any()};
}

TrafficEnd source_end(const Selector& selector) { return {selector.source, selector.protocol, selector.source_port}; }
TrafficEnd destination_end(const Selector& selector) {
  return {selector.destination, selector.protocol, selector.destination_port};
}

Result<Selector> selector_between(const TrafficEnd& source, const TrafficEnd& destination) {
  if (source.protocol != destination.protocol)
    return Error{ErrorCode::invalid_input, "the two identities name different protocols"};
  if (source.prefix.family() != destination.prefix.family())
    return Error{ErrorCode::invalid_input, "the two identities are of different families"};
  return Selector{source.prefix, destination.prefix, source.protocol, source.port, destination.port};
}

}  // namespace ipsec9000::ike
