#include "udp_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "ike/nat_traversal.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t batch = 16;
constexpr std::size_t largest = 65535;
constexpr int wanted_buffer = 4 << 20;  // a burst of handshakes waits here while the loop is busy

Result<void> set_option(int fd, int level, int name, int value, std::string_view what) {
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0) return system_error(what);
  return {};
}

Result<void> prepare(int fd, Family family) {
  set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, wanted_buffer, "SO_RCVBUFFORCE")
      .has_value();  // smaller without the right to it
  if (family == Family::ipv4) return set_option(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
  if (auto only = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"); !only) return only;
  return set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
}

// The address a datagram was sent to.
std::optional<IpAddress> destination_of(msghdr& message) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr; control = CMSG_NXTHDR(&message, control)) {
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(control), sizeof info);
      return *IpAddress::from_bytes({reinterpret_cast<const std::uint8_t*>(&info.ipi_addr), 4});
    }
    if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(control), sizeof info);
      return *IpAddress::from_bytes({reinterpret_cast<const std::uint8_t*>(&info.ipi6_addr), 16});
    }
  }
  return std::nullopt;
}

// Writes the source address into the control message; returns its length.
std::size_t put_source(std::span<std::uint8_t> control, const IpAddress& source) {
  msghdr message{};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  const auto fill = [&](int level, int type, const auto& info) {
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(header), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
  };
  if (source.is_ipv4()) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, source.bytes().data(), 4);
    return fill(IPPROTO_IP, IP_PKTINFO, info);
  }
  in6_pktinfo info{};
  std::memcpy(&info.ipi6_addr, source.bytes().data(), 16);
  return fill(IPPROTO_IPV6, IPV6_PKTINFO, info);
}
}  // namespace

Result<UdpSocket> UdpSocket::open(Family family, std::uint16_t port, Kernel& kernel) {
  const Endpoint any{IpAddress::any(family), port};
  const auto what = "UDP " + any.to_string();
  FileDescriptor socket(::socket(any.address.af(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return system_error(what);
  if (auto prepared = prepare(socket.get(), family); !prepared) return prepared.error().within(what);
  // Before it is bound, so that no datagram meets the policies in between.
  if (auto bypass = kernel.set_socket_bypass(socket.get(), family); !bypass) return bypass.error().within(what);
  if (port == ike::nat_traversal_port)
    if (auto enabled = kernel.enable_udp_encapsulation(socket.get()); !enabled) return enabled.error().within(what);
  sockaddr_storage address{};
  const auto length = any.to_sockaddr(address);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(length)) != 0) {
    auto error = system_error("binding " + what);
    if (errno == EADDRINUSE) error.text += " (another IKE daemon runs: stop it first)";
    return error;
  }
  return UdpSocket(std::move(socket), family, port);
}

std::vector<ike::Datagram> UdpSocket::receive() {
  static thread_local std::vector<std::uint8_t> storage(batch * largest);
  std::array<mmsghdr, batch> messages{};
  std::array<iovec, batch> vectors{};
  std::array<sockaddr_storage, batch> sources{};
  alignas(cmsghdr) std::array<std::array<std::uint8_t, 128>, batch> controls{};
  for (std::size_t i = 0; i < batch; ++i) {
    vectors[i] = {storage.data() + i * largest, largest};
    auto& header = messages[i].msg_hdr;
    header.msg_name = &sources[i];
    header.msg_namelen = sizeof sources[i];
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = controls[i].data();
    header.msg_controllen = controls[i].size();
  }
  const int count = ::recvmmsg(socket_.get(), messages.data(), batch, MSG_DONTWAIT, nullptr);
  std::vector<ike::Datagram> datagrams;
  for (std::size_t i = 0; count > 0 && i < static_cast<std::size_t>(count); ++i) {
    auto& header = messages[i].msg_hdr;
    const auto remote = Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&sources[i]), header.msg_namelen);
    const auto local = destination_of(header);
    if (!remote || !local || (header.msg_flags & MSG_TRUNC) != 0) continue;
    const auto* begin = storage.data() + i * largest;
    datagrams.push_back({{*local, port_}, *remote, Bytes(begin, begin + messages[i].msg_len)});
  }
  return datagrams;
}

Result<void> UdpSocket::send(const ike::Datagram& datagram) {
  sockaddr_storage to{};
  alignas(cmsghdr) std::array<std::uint8_t, 128> control{};
  iovec vector{const_cast<std::uint8_t*>(datagram.bytes.data()), datagram.bytes.size()};
  msghdr message{};
  message.msg_name = &to;
  message.msg_namelen = static_cast<socklen_t>(datagram.remote.to_sockaddr(to));
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = put_source(control, datagram.local.address);
  if (::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    return system_error("sending to " + datagram.remote.to_string());
  return {};
}

}  // namespace ipsec9000
