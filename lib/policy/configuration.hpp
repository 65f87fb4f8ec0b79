// The policy configuration (DESIGN, section 4) as a value, after all checks.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "base/selector.hpp"
#include "model/isakmp_policy.hpp"
#include "model/transform.hpp"

namespace ipsec9000 {

// One packet as this host sees it: `local` is the source of what goes out and the destination of what comes in. For
// ICMP local_port is the type and remote_port the code, in both directions.
struct Packet {
  IpAddress local;
  IpAddress remote;
  IpProtocol protocol = IpProtocol::any;
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
};
Packet seen_from_here(const Flow& flow, Direction direction);

// The five fields that a filter compares, in the order in which they are compared and reported.
enum class FilterField : std::uint8_t { local, remote, protocol, local_port, remote_port };
std::string to_string(FilterField field);  // "local address", "remote port", ...

struct Filter {
  std::optional<Prefix> local;  // absent: any; a prefix of length 0: any of its family
  std::optional<Prefix> remote;
  IpProtocol protocol = IpProtocol::any;
  PortRange local_port;   // ICMP: the type
  PortRange remote_port;  // ICMP: the code

  // The one family that can match, by an address or by icmp / icmpv6; nothing when both can.
  std::optional<Family> family() const;
  bool allows(Family wanted) const { return !family() || *family() == wanted; }
  Prefix local_prefix(Family wanted) const { return local ? *local : Prefix::any(wanted); }
  Prefix remote_prefix(Family wanted) const { return remote ? *remote : Prefix::any(wanted); }

  bool matches(const Packet& packet) const { return !first_mismatch(packet); }
  std::optional<FilterField> first_mismatch(const Packet& packet) const;
  bool contains(const Filter& narrower) const;  // every packet that matches `narrower` matches this one
  std::string to_string() const;                // "local 10.1.0.1 remote any tcp local port 23"
  auto operator<=>(const Filter&) const = default;
};

// What happens to a packet.
enum class Decision : std::uint8_t { secure, pass, discard };
std::string to_string(Decision decision);  // "secure", "pass", "discard"

struct TunnelEnds {
  IpAddress local;
  IpAddress remote;
  auto operator<=>(const TunnelEnds&) const = default;
};

struct Policy {
  std::string name;
  unsigned place = 0;  // in the file, 1 = first
  Filter filter;
  Decision action = Decision::pass;
  std::vector<Transform> transforms;  // "secure": at least one, in order of preference
  bool exclusive = false;             // an SA pair for each 5-tuple
  std::optional<Group> pfs;
  std::optional<TunnelEnds> tunnel;  // absent: transport mode
  auto operator<=>(const Policy&) const = default;

  // The transforms that can be negotiated: those with the protocols (ESP, AH, or both) of the first one, because the
  // kernel's policy names the protocols before anything is negotiated.
  std::vector<Transform> usable_transforms() const;
};

struct Startup {
  bool bootup = false;
  std::string audit_level = "error";
  std::string audit_directory = "/var/log/ipsec9000";
  std::uint32_t audit_max_kilobytes = 100;
  auto operator<=>(const Startup&) const = default;
};

struct Configuration {
  std::vector<Policy> policies;              // policies[i].place == i + 1
  Decision default_action = Decision::pass;  // pass or discard
  std::vector<IsakmpPolicy> isakmp_policies;
  std::vector<IpAddress> bypass;  // local addresses, without repetition
  bool allow_legacy = false;
  bool strict_revocation = false;  // "revocation": "strict"
  Startup startup;
  auto operator<=>(const Configuration&) const = default;
};

// How many kernel entries per family and direction a filter needs: its port ranges as blocks, multiplied.
std::size_t kernel_entries(const Filter& filter);
// In both directions and all its families.
std::size_t all_kernel_entries(const Filter& filter);
// More than this in all (both directions, both families) is refused: the kernel takes 1 kB for each.
inline constexpr std::size_t maximum_kernel_entries = 4'000'000;

}  // namespace ipsec9000
