#include "packet_tap.hpp"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace ipsec9000 {

namespace {
constexpr std::size_t kept_bytes = 160;  // headers and ports, with IPv6 extension headers
constexpr int receive_buffer = 256 << 10;
constexpr int most_at_once = 256;
constexpr std::uint16_t ike = 500, ike_nat = 4500;

// Everything but AH and ESP; `offset` is that of the protocol in the IP header.
Result<void> filter(int socket, std::uint32_t offset) {
  std::array<sock_filter, 5> program{{{BPF_LD | BPF_B | BPF_ABS, 0, 0, offset},
                                      {BPF_JMP | BPF_JEQ | BPF_K, 2, 0, IPPROTO_ESP},
                                      {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, IPPROTO_AH},
                                      {BPF_RET | BPF_K, 0, 0, kept_bytes},
                                      {BPF_RET | BPF_K, 0, 0, 0}}};
  const sock_fprog loaded{program.size(), program.data()};
  if (::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &loaded, sizeof loaded) != 0)
    return system_error("choosing packets");
  return {};
}

Result<FileDescriptor> open_socket(std::uint16_t protocol, std::uint32_t offset) {
  // Bound to no protocol until the filter is in place.
  FileDescriptor socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return system_error("opening a packet socket");
  if (auto chosen = filter(socket.get(), offset); !chosen) return chosen.error();
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(protocol);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return system_error("binding a packet socket");
  return socket;
}

bool is_ike(const Flow& flow) {
  return flow.protocol == IpProtocol::udp && (flow.destination_port == ike || flow.destination_port == ike_nat);
}
}  // namespace

Result<std::unique_ptr<PacketTap>> PacketTap::open(EventLoop& loop, OnPacket on_packet) {
  std::unique_ptr<PacketTap> tap(new PacketTap(loop, std::move(on_packet)));
  for (const auto& [protocol, offset] : {std::pair{ETH_P_IP, 9U}, std::pair{ETH_P_IPV6, 6U}}) {
    auto socket = open_socket(static_cast<std::uint16_t>(protocol), offset);
    if (!socket) return socket.error();
    tap->sockets_.push_back(std::move(*socket));
  }
  tap->watch();
  return tap;
}

void PacketTap::next_turn() {
  left_ = packets_a_turn;
  if (watches_.empty()) watch();
}

void PacketTap::watch() {
  for (const auto& socket : sockets_)
    watches_.push_back(loop_.watch_readable(socket.get(), [this, fd = socket.get()] { read(fd); }));
}

void PacketTap::read(int socket) {
  std::array<std::uint8_t, kept_bytes> buffer{};
  for (int n = 0; n < most_at_once && left_ != 0; ++n) {
    sockaddr_ll from{};
    socklen_t length = sizeof from;
    const auto size =
        ::recvfrom(socket, buffer.data(), buffer.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &length);
    if (size < 0) return;  // nothing more, or the interface went down: the next packet tells
    --left_;
    if (from.sll_pkttype != PACKET_HOST || from.sll_hatype == ARPHRD_LOOPBACK) continue;
    const auto flow = flow_of_packet(ByteView(buffer).first(static_cast<std::size_t>(size)));
    if (flow && !is_ike(*flow)) on_packet_(*flow);
  }
  // Not from inside a watch's own call.
  if (left_ == 0) loop_.post([this] { watches_.clear(); });
}

}  // namespace ipsec9000
