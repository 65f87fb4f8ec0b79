#include "xfrm/abi.hpp"

#include <arpa/inet.h>

#include <cstring>

namespace ipsec9000::abi {

xfrm_address_t address(const IpAddress& address) {
  xfrm_address_t raw{};
  const auto bytes = address.bytes();
  std::memcpy(&raw, bytes.data(), bytes.size());
  return raw;
}

IpAddress address(const xfrm_address_t& raw, Family family) {
  std::uint8_t bytes[sizeof raw];
  std::memcpy(bytes, &raw, sizeof raw);
  return *IpAddress::from_bytes(ByteView(bytes).first(family == Family::ipv4 ? 4 : 16));
}

Result<Family> family(unsigned address_family) {
  if (address_family == AF_INET) return Family::ipv4;
  if (address_family == AF_INET6) return Family::ipv6;
  return Error{ErrorCode::unsupported, "address family " + std::to_string(address_family) + " in an XFRM message"};
}

std::uint16_t address_family(Family family) { return family == Family::ipv4 ? AF_INET : AF_INET6; }

xfrm_selector selector(const KernelSelector& selector, std::uint32_t owner) {
  xfrm_selector raw{};  // leaves the interface index 0: we never tie a selector to one
  raw.daddr = address(selector.destination.address());
  raw.saddr = address(selector.source.address());
  raw.dport = htons(selector.destination_port.value);
  raw.dport_mask = htons(selector.destination_port.mask);
  raw.sport = htons(selector.source_port.value);
  raw.sport_mask = htons(selector.source_port.mask);
  raw.family = address_family(selector.family());
  raw.prefixlen_d = static_cast<std::uint8_t>(selector.destination.length());
  raw.prefixlen_s = static_cast<std::uint8_t>(selector.source.length());
  raw.proto = static_cast<std::uint8_t>(selector.protocol);
  raw.user = owner;
  return raw;
}

Result<KernelSelector> selector(const xfrm_selector& raw) {
  const auto raw_family = family(raw.family);
  if (!raw_family) return raw_family.error();
  auto source = Prefix::make(address(raw.saddr, *raw_family), raw.prefixlen_s);
  if (!source) return source.error();
  auto destination = Prefix::make(address(raw.daddr, *raw_family), raw.prefixlen_d);
  if (!destination) return destination.error();
  return KernelSelector{*source, *destination, static_cast<IpProtocol>(raw.proto),
                        PortMask{ntohs(raw.sport), ntohs(raw.sport_mask)},
                        PortMask{ntohs(raw.dport), ntohs(raw.dport_mask)}};
}

namespace {
// The kernel takes a limit of 0 bytes or packets literally, but 0 seconds as "none".
std::uint64_t to_limit(std::uint64_t value) { return value == 0 ? XFRM_INF : value; }
std::uint64_t from_limit(std::uint64_t value) { return value == XFRM_INF ? 0 : value; }
}  // namespace

xfrm_lifetime_cfg lifetimes(const LifetimeLimits& soft, const LifetimeLimits& hard) {
  return {to_limit(soft.bytes), to_limit(hard.bytes), to_limit(soft.packets), to_limit(hard.packets),
          soft.seconds,         hard.seconds,         soft.use_seconds,       hard.use_seconds};
}

LifetimeLimits soft_limits(const xfrm_lifetime_cfg& raw) {
  return {from_limit(raw.soft_byte_limit), from_limit(raw.soft_packet_limit), raw.soft_add_expires_seconds,
          raw.soft_use_expires_seconds};
}

LifetimeLimits hard_limits(const xfrm_lifetime_cfg& raw) {
  return {from_limit(raw.hard_byte_limit), from_limit(raw.hard_packet_limit), raw.hard_add_expires_seconds,
          raw.hard_use_expires_seconds};
}

LifetimeCurrent current(const xfrm_lifetime_cur& raw) { return {raw.bytes, raw.packets, raw.add_time, raw.use_time}; }

xfrm_userpolicy_info policy_info(const PolicySpec& policy) {
  xfrm_userpolicy_info info{};
  info.sel = selector(policy.selector, policy.owner);
  info.lft = lifetimes({}, {});
  info.priority = policy.priority;
  info.dir = static_cast<std::uint8_t>(policy.direction);
  info.action = static_cast<std::uint8_t>(policy.action);
  info.flags = policy.match_icmp_errors ? XFRM_POLICY_ICMP : 0;
  info.share = XFRM_SHARE_ANY;
  return info;
}

std::uint32_t spi(Spi spi) { return htonl(static_cast<std::uint32_t>(spi)); }
Spi spi(std::uint32_t raw) { return static_cast<Spi>(ntohl(raw)); }

}  // namespace ipsec9000::abi
