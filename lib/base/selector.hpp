// Which traffic: the one meaning that policy, wire and kernel share.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.hpp"

namespace ipsec9000 {

// 0 is "any" (HOPOPT as an upper-layer protocol does not occur in a selector).
enum class IpProtocol : std::uint8_t {
  any = 0,
  icmp = 1,
  igmp = 2,
  tcp = 6,
  udp = 17,
  esp = 50,
  ah = 51,
  icmpv6 = 58,
  sctp = 132
};

std::string to_string(IpProtocol protocol);                // "tcp", "any", or the number
Result<IpProtocol> parse_protocol(std::string_view text);  // a name, a number 0-255, or "any"
bool has_ports(IpProtocol protocol);                       // tcp, udp, sctp (dccp and udplite too)
bool is_icmp(IpProtocol protocol);                         // icmp, icmpv6

// Closed range; 0-65535 is "any". For ICMP the kernel and we put the type into the source port and the code into
// the destination port, as XFRM selectors do.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 65535;

  static PortRange any() { return {}; }
  static PortRange one(std::uint16_t port) { return {port, port}; }
  bool is_any() const { return first == 0 && last == 65535; }
  bool is_one() const { return first == last; }
  bool contains(std::uint16_t port) const { return first <= port && port <= last; }
  bool contains(const PortRange& other) const { return first <= other.first && other.last <= last; }
  bool overlaps(const PortRange& other) const { return first <= other.last && other.first <= last; }
  std::string to_string() const;  // "any", "23", "1024-65535"
  auto operator<=>(const PortRange&) const = default;
};

// A set of packets, seen in their own direction: source sends.
struct Selector {
  Prefix source;
  Prefix destination;
  IpProtocol protocol = IpProtocol::any;
  PortRange source_port;
  PortRange destination_port;

  bool contains(const Selector& narrower) const;
  bool overlaps(const Selector& other) const;
  Selector mirrored() const;      // the packets that answer; ICMP type and code stay
  std::string to_string() const;  // "10.1.0.1 -> 10.1.0.2 tcp 23"
  auto operator<=>(const Selector&) const = default;
};

enum class Direction : std::uint8_t { in, out };

// One packet's five values. Ports are 0 where the protocol has none; ICMP as in PortRange.
struct Flow {
  IpAddress source;
  IpAddress destination;
  IpProtocol protocol = IpProtocol::any;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;

  Selector as_selector() const;
  std::string to_string() const;  // "10.1.0.1:1234 -> 10.1.0.2:23 tcp"
  auto operator<=>(const Flow&) const = default;
};

}  // namespace ipsec9000
