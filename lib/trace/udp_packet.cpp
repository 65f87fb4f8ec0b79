#include "trace/udp_packet.hpp"

#include <algorithm>

namespace ipsec9000 {

namespace {
constexpr std::size_t udp_header = 8, ipv4_header = 20;
constexpr std::size_t largest_payload = 65535 - ipv4_header - udp_header;
constexpr std::uint8_t udp = 17, hop_limit = 64;

// The Internet checksum over several parts, each of an even length but the last (RFC 1071).
std::uint16_t checksum(std::initializer_list<ByteView> parts) {
  std::uint32_t sum = 0;
  for (const auto part : parts)
    for (std::size_t n = 0; n < part.size(); ++n)
      sum += n % 2 == 0 ? std::uint32_t{part[n]} << 8U : std::uint32_t{part[n]};
  while (sum > 0xffff) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

Bytes ip_header(const Endpoint& source, const Endpoint& destination, std::uint16_t udp_size) {
  const auto from = source.address.bytes(), to = destination.address.bytes();
  if (source.address.family() == Family::ipv6)
    return Writer().u32(0x60000000).u16(udp_size).u8(udp).u8(hop_limit).bytes(from).bytes(to).take();
  const auto write = [&](std::uint16_t sum) {
    return Writer()
        .u16(0x4500)
        .u16(static_cast<std::uint16_t>(udp_size + ipv4_header))
        .u32(0)
        .u8(hop_limit)
        .u8(udp)
        .u16(sum)
        .bytes(from)
        .bytes(to)
        .take();
  };
  return write(checksum({write(0)}));
}
}  // namespace

Bytes udp_packet(const Endpoint& source, const Endpoint& destination, ByteView payload) {
  const auto kept = payload.first(std::min(payload.size(), largest_payload));
  const auto size = static_cast<std::uint16_t>(kept.size() + udp_header);
  const auto from = source.address.bytes(), to = destination.address.bytes();
  const auto pseudo = Writer().bytes(from).bytes(to).u32(udp).u32(size).take();
  const auto write = [&](std::uint16_t sum) {
    return Writer().u16(source.port).u16(destination.port).u16(size).u16(sum).bytes(kept).take();
  };
  const auto sum = checksum({pseudo, write(0)});
  return concat({ip_header(source, destination, size), write(sum == 0 ? 0xffff : sum)});
}

}  // namespace ipsec9000
