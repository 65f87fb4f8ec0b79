#include "base/packet.hpp"

namespace ipsec9000 {

namespace {
constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment = 44, destination_options = 60;

bool is_extension(std::uint8_t header) {
  return header == hop_by_hop || header == routing || header == fragment || header == destination_options;
}

// What is behind the IP headers: ports, or the type and code of ICMP.
bool read_ports(Flow& flow, Reader& rest) {
  if (has_ports(flow.protocol)) {
    const auto source = rest.u16(), destination = rest.u16();
    if (!source || !destination) return false;
    flow.source_port = *source;
    flow.destination_port = *destination;
  } else if (is_icmp(flow.protocol)) {
    const auto type = rest.u8(), code = rest.u8();
    if (!type || !code) return false;
    flow.source_port = *type;
    flow.destination_port = *code;
  }
  return true;
}

std::optional<Flow> ipv4_flow(Reader reader) {
  const auto first = reader.u8();
  const std::size_t header = std::size_t{4} * (*first & 0x0fU);
  if (header < 20 || !reader.take(5)) return std::nullopt;
  const auto offset = reader.u16();
  if (!reader.u8()) return std::nullopt;
  const auto protocol = reader.u8();
  if (!reader.u16()) return std::nullopt;
  const auto source = reader.take(4), destination = reader.take(4);
  if (!source || !destination || !reader.take(header - 20) || (*offset & 0x1fffU) != 0) return std::nullopt;
  Flow flow{*IpAddress::from_bytes(*source), *IpAddress::from_bytes(*destination), static_cast<IpProtocol>(*protocol),
            0, 0};
  if (!read_ports(flow, reader)) return std::nullopt;
  return flow;
}

std::optional<Flow> ipv6_flow(Reader reader) {
  constexpr int most_extensions = 8;
  if (!reader.take(6)) return std::nullopt;
  auto next = reader.u8();
  if (!reader.u8()) return std::nullopt;
  const auto source = reader.take(16), destination = reader.take(16);
  if (!source || !destination) return std::nullopt;
  for (int n = 0; next && is_extension(*next); ++n) {
    const bool is_fragment = *next == fragment;
    next = reader.u8();
    const auto length = reader.u8();
    const auto offset = reader.u16();
    if (n == most_extensions || !length || !offset || !reader.take(4)) return std::nullopt;
    if (is_fragment && (*offset & 0xfff8U) != 0) return std::nullopt;
    if (!is_fragment && !reader.take(std::size_t{8} * *length)) return std::nullopt;
  }
  if (!next) return std::nullopt;
  Flow flow{*IpAddress::from_bytes(*source), *IpAddress::from_bytes(*destination), static_cast<IpProtocol>(*next), 0,
            0};
  if (!read_ports(flow, reader)) return std::nullopt;
  return flow;
}
}  // namespace

std::optional<Flow> flow_of_packet(ByteView packet) {
  if (packet.empty()) return std::nullopt;
  if (packet[0] >> 4U == 4) return ipv4_flow(Reader(packet));
  if (packet[0] >> 4U == 6) return ipv6_flow(Reader(packet));
  return std::nullopt;
}

}  // namespace ipsec9000
