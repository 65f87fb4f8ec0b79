#include "policy/configuration.hpp"

#include "policy/port_blocks.hpp"

namespace ipsec9000 {

Packet seen_from_here(const Flow& flow, Direction direction) {
  if (direction == Direction::out)
    return {flow.source, flow.destination, flow.protocol, flow.source_port, flow.destination_port};
  if (is_icmp(flow.protocol))
    return {flow.destination, flow.source, flow.protocol, flow.source_port, flow.destination_port};
  return {flow.destination, flow.source, flow.protocol, flow.destination_port, flow.source_port};
}

std::string to_string(FilterField field) {
  switch (field) {
    case FilterField::local:
      return "local address";
    case FilterField::remote:
      return "remote address";
    case FilterField::protocol:
      return "protocol";
    case FilterField::local_port:
      return "local port";
    case FilterField::remote_port:
      return "remote port";
  }
  return "filter";
}

std::string to_string(Decision decision) {
  switch (decision) {
    case Decision::secure:
      return "secure";
    case Decision::pass:
      return "pass";
    case Decision::discard:
      return "discard";
  }
  return "discard";
}

std::optional<Family> Filter::family() const {
  if (local) return local->family();
  if (remote) return remote->family();
  if (protocol == IpProtocol::icmp) return Family::ipv4;
  if (protocol == IpProtocol::icmpv6) return Family::ipv6;
  return std::nullopt;
}

std::optional<FilterField> Filter::first_mismatch(const Packet& packet) const {
  if (local && !local->contains(packet.local)) return FilterField::local;
  if (remote && !remote->contains(packet.remote)) return FilterField::remote;
  if (packet.remote.family() != packet.local.family()) return FilterField::remote;  // no such packet
  if (protocol != IpProtocol::any && protocol != packet.protocol) return FilterField::protocol;
  if (!allows(packet.local.family())) return FilterField::protocol;  // ICMP of the other family
  if (!local_port.contains(packet.local_port)) return FilterField::local_port;
  if (!remote_port.contains(packet.remote_port)) return FilterField::remote_port;
  return std::nullopt;
}

bool Filter::contains(const Filter& narrower) const {
  const auto inside = [](const std::optional<Prefix>& wide, const std::optional<Prefix>& narrow) {
    return !wide || (narrow && wide->contains(*narrow));
  };
  // Where only the families say so: "10.0.0.0/8 to any" is inside "0.0.0.0/0 to 0.0.0.0/0".
  const auto with_family = [&](const std::optional<Prefix>& prefix) -> std::optional<Prefix> {
    if (prefix || !narrower.family()) return prefix;
    return Prefix::any(*narrower.family());
  };
  if (family() && narrower.family() != family()) return false;
  return inside(local, with_family(narrower.local)) && inside(remote, with_family(narrower.remote)) &&
         (protocol == IpProtocol::any || protocol == narrower.protocol) && local_port.contains(narrower.local_port) &&
         remote_port.contains(narrower.remote_port);
}

std::string Filter::to_string() const {
  std::string text = "local " + (local ? local->to_string() : "any") + " remote " +
                     (remote ? remote->to_string() : "any") + " " + ipsec9000::to_string(protocol);
  const bool icmp = is_icmp(protocol);
  if (!local_port.is_any()) text += (icmp ? " type " : " local port ") + local_port.to_string();
  if (!remote_port.is_any()) text += (icmp ? " code " : " remote port ") + remote_port.to_string();
  return text;
}

std::vector<Transform> Policy::usable_transforms() const {
  std::vector<Transform> usable;
  for (const auto& transform : transforms)
    if (transform.ah.has_value() == transforms.front().ah.has_value() &&
        transform.esp.has_value() == transforms.front().esp.has_value())
      usable.push_back(transform);
  return usable;
}

std::size_t kernel_entries(const Filter& filter) {
  return port_block_count(filter.local_port) * port_block_count(filter.remote_port);
}

std::size_t all_kernel_entries(const Filter& filter) { return kernel_entries(filter) * 2 * (filter.family() ? 1 : 2); }

}  // namespace ipsec9000
