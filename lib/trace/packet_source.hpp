// Packets as the layers above IPsec see them: outbound before encryption, inbound after decryption. The kernel shows
// these places to netfilter only, which copies them to us by NFLOG; no packet waits for that.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/selector.hpp"

namespace ipsec9000 {

// What is looked at. All: every protocol but AH and ESP. IKE's and NAT traversal's UDP ports are always left out.
enum class TracedProtocols : std::uint8_t { all, tcp, udp, igmp };
std::string_view to_string(TracedProtocols protocols);
Result<TracedProtocols> parse_traced_protocols(std::string_view text);

// Where netfilter met it. `ipsec`: it came through an SA.
enum class TracedAt : std::uint8_t { out, in_ipsec, in_clear, forward_ipsec, forward_clear };

struct TracedPacket {
  TracedAt at = TracedAt::out;
  Bytes bytes;  // from the IP header on; never more than a netlink message holds
};

// Addresses between which packets come out of a tunnel.
struct TunnelPath {
  Prefix source;
  Prefix destination;
  auto operator<=>(const TunnelPath&) const = default;
};

// The rules live as long as this object, and go with the process however it ends: an nftables table that belongs to our
// socket; where the kernel has no nftables, chains of iptables that a child of ours takes back.
class PacketSource {
 public:
  // Takes some tens of milliseconds, with iptables more. Fails with the reason where this kernel offers neither.
  static Result<std::unique_ptr<PacketSource>> open(TracedProtocols protocols);

  // Only what comes in between such addresses and through no SA, before it is routed and before policies judge it: the
  // headers, and a bounded number a second. IKE, AH and ESP are left out. At most so many paths:
  static constexpr std::size_t most_paths = 64;
  static Result<std::unique_ptr<PacketSource>> open_clear(std::span<const TunnelPath> paths);
  virtual ~PacketSource() = default;

  virtual std::string_view kind() const = 0;  // "nftables" or "iptables"
  virtual int fd() const = 0;                 // readable when there are packets
  // What there is, up to a bounded number, without waiting.
  virtual std::vector<TracedPacket> read() = 0;
  virtual std::uint64_t lost() const = 0;  // how often the kernel had packets for us that found no room
};

}  // namespace ipsec9000
