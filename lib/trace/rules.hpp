// The netfilter rules that copy packets to an NFLOG group, by two ways. Internal to lib/trace.
#pragma once
#include <memory>

#include "trace/packet_source.hpp"

namespace ipsec9000 {

// Rules in the kernel; gone with this object.
class TraceRules {
 public:
  virtual ~TraceRules() = default;
};

// A table of the family inet that our socket owns (NFT_TABLE_F_OWNER, Linux 5.12): the kernel removes it with the
// socket.
Result<std::unique_ptr<TraceRules>> install_nft_rules(std::uint16_t group, TracedProtocols protocols);

Result<std::unique_ptr<TraceRules>> install_nft_clear_rules(std::uint16_t group, std::span<const TunnelPath> paths);

// Chains in the table "mangle", by the programs iptables-restore and ip6tables-restore. A child process puts them in
// and takes them out when the pipe that it reads from us ends.
Result<std::unique_ptr<TraceRules>> install_iptables_rules(std::uint16_t group, TracedProtocols protocols);

Result<std::unique_ptr<TraceRules>> install_iptables_clear_rules(std::uint16_t group,
                                                                 std::span<const TunnelPath> paths);

// Of packets in clear that come out of no tunnel.
inline constexpr unsigned clear_packets_a_second = 1000;        // of one path
inline constexpr unsigned clear_packet_bytes = 160;             // headers and ports, with IPv6 extension headers
inline constexpr std::uint16_t untraced_ports[] = {500, 4500};  // IKE, and ESP in UDP: what is in them is shown apart
// The number of the IP protocol; 0 for all.
std::uint8_t protocol_number(TracedProtocols protocols);

}  // namespace ipsec9000
