#include "base/selector.hpp"

#include <array>

#include "base/text.hpp"

namespace ipsec9000 {

namespace {
struct ProtocolName {
  std::string_view name;
  std::uint8_t number;
  bool ports;
};
// The names an administrator may write; the first of a number is the one shown.
constexpr std::array protocol_names{
    ProtocolName{"any", 0, false},        ProtocolName{"icmp", 1, false},     ProtocolName{"igmp", 2, false},
    ProtocolName{"ipip", 4, false},       ProtocolName{"tcp", 6, true},       ProtocolName{"udp", 17, true},
    ProtocolName{"dccp", 33, true},       ProtocolName{"ipv6", 41, false},    ProtocolName{"gre", 47, false},
    ProtocolName{"esp", 50, false},       ProtocolName{"ah", 51, false},      ProtocolName{"icmpv6", 58, false},
    ProtocolName{"ipv6-icmp", 58, false}, ProtocolName{"ospf", 89, false},    ProtocolName{"vrrp", 112, false},
    ProtocolName{"sctp", 132, true},      ProtocolName{"udplite", 136, true},
};
}  // namespace

std::string to_string(IpProtocol protocol) {
  for (const auto& known : protocol_names)
    if (known.number == static_cast<std::uint8_t>(protocol)) return std::string(known.name);
  return std::to_string(static_cast<unsigned>(protocol));
}

Result<IpProtocol> parse_protocol(std::string_view text) {
  const auto wanted = to_lower(text);
  std::vector<std::string> names;
  for (const auto& known : protocol_names) {
    if (known.name == wanted) return static_cast<IpProtocol>(known.number);
    names.emplace_back(known.name);
  }
  if (auto number = parse_number(text, 255)) return static_cast<IpProtocol>(*number);
  std::string message =
      "\"" + escape_control(text) + "\" is no protocol: a name (tcp, udp, icmp, ...), a number from 0 to 255, or any";
  if (auto near = nearest_word(wanted, names)) message += "; did you mean \"" + *near + "\"?";
  return Error{ErrorCode::invalid_input, message};
}

bool has_ports(IpProtocol protocol) {
  for (const auto& known : protocol_names)
    if (known.number == static_cast<std::uint8_t>(protocol)) return known.ports;
  return false;
}

bool is_icmp(IpProtocol protocol) { return protocol == IpProtocol::icmp || protocol == IpProtocol::icmpv6; }

std::string PortRange::to_string() const {
  if (is_any()) return "any";
  if (is_one()) return std::to_string(first);
  return std::to_string(first) + "-" + std::to_string(last);
}

bool Selector::contains(const Selector& narrower) const {
  return source.contains(narrower.source) && destination.contains(narrower.destination) &&
         (protocol == IpProtocol::any || protocol == narrower.protocol) && source_port.contains(narrower.source_port) &&
         destination_port.contains(narrower.destination_port);
}

bool Selector::overlaps(const Selector& other) const {
  return source.overlaps(other.source) && destination.overlaps(other.destination) &&
         (protocol == IpProtocol::any || other.protocol == IpProtocol::any || protocol == other.protocol) &&
         source_port.overlaps(other.source_port) && destination_port.overlaps(other.destination_port);
}

Selector Selector::mirrored() const {
  Selector other{destination, source, protocol, destination_port, source_port};
  if (is_icmp(protocol)) std::swap(other.source_port, other.destination_port);
  return other;
}

std::string Selector::to_string() const {
  std::string text = source.to_string();
  if (!source_port.is_any() && !is_icmp(protocol)) text += " port " + source_port.to_string();
  text += " -> " + destination.to_string() + " " + ipsec9000::to_string(protocol);
  if (is_icmp(protocol)) {
    if (!source_port.is_any()) text += " type " + source_port.to_string();
    if (!destination_port.is_any()) text += " code " + destination_port.to_string();
  } else if (!destination_port.is_any()) {
    text += " " + destination_port.to_string();
  }
  return text;
}

Selector Flow::as_selector() const {
  const bool ported = has_ports(protocol) || is_icmp(protocol);
  return Selector{Prefix(source), Prefix(destination), protocol,
                  ported ? PortRange::one(source_port) : PortRange::any(),
                  ported ? PortRange::one(destination_port) : PortRange::any()};
}

std::string Flow::to_string() const {
  if (!has_ports(protocol)) return as_selector().to_string();
  return Endpoint{source, source_port}.to_string() + " -> " + Endpoint{destination, destination_port}.to_string() +
         " " + ipsec9000::to_string(protocol);
}

}  // namespace ipsec9000
