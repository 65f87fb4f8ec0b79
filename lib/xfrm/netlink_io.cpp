#include "xfrm/netlink_io.hpp"

#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>

namespace ipsec9000::netlink {

Result<Opened> open() {
  const MnlSocket socket(mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return system_error("opening a netlink socket to XFRM");
  if (mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) return system_error("binding a netlink socket");
  for (const int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK}) {
    int on = 1;
    if (mnl_socket_setsockopt(socket.get(), option, &on, sizeof on) < 0)
      return system_error("asking for extended netlink acknowledgements");
  }
  // libmnl's handle cannot give its descriptor away, so ours is a second one of the same socket.
  FileDescriptor descriptor(::fcntl(mnl_socket_get_fd(socket.get()), F_DUPFD_CLOEXEC, 3));
  if (!descriptor) return system_error("keeping a netlink socket");
  return Opened{std::move(descriptor), mnl_socket_get_portid(socket.get())};
}

namespace {
void set_buffer(int socket, int forced, int polite, int bytes) {
  if (::setsockopt(socket, SOL_SOCKET, forced, &bytes, sizeof bytes) == 0) return;
  ::setsockopt(socket, SOL_SOCKET, polite, &bytes, sizeof bytes);  // cuts to the limit; a failure leaves the default
}
}  // namespace

std::size_t set_receive_buffer(int socket, int bytes) {
  set_buffer(socket, SO_RCVBUFFORCE, SO_RCVBUF, bytes);
  int granted = 0;
  socklen_t size = sizeof granted;
  if (::getsockopt(socket, SOL_SOCKET, SO_RCVBUF, &granted, &size) != 0 || granted < 0) return 0;
  return static_cast<std::size_t>(granted);
}

void set_send_buffer(int socket, int bytes) { set_buffer(socket, SO_SNDBUFFORCE, SO_SNDBUF, bytes); }

Result<Received> receive(int socket, Bytes& buffer) {
  while (true) {
    sockaddr_nl from{};
    iovec part{buffer.data(), buffer.size()};
    msghdr header{};
    header.msg_name = &from;
    header.msg_namelen = sizeof from;
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    const ssize_t size = ::recvmsg(socket, &header, MSG_DONTWAIT);
    if (size < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return Received{};
      if (errno == ENOBUFS) return Received{Arrival::overrun, 0};
      return system_error("reading from netlink");
    }
    if (from.nl_pid != 0) continue;  // any program may write to our port
    if ((header.msg_flags & MSG_TRUNC) != 0)
      return Error{ErrorCode::io, "a netlink datagram is larger than " + std::to_string(buffer.size()) + " bytes"};
    return Received{Arrival::datagram, static_cast<std::size_t>(size)};
  }
}

}  // namespace ipsec9000::netlink
