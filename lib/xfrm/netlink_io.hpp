// System calls that both sockets make. Internal to lib/xfrm.
#pragma once
#include <libmnl/libmnl.h>

#include <memory>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "base/free_by.hpp"
#include "base/result.hpp"

namespace ipsec9000::netlink {

// The kernel fills a dump's datagrams up to the largest buffer it ever saw on the socket, 32 kB at most: a smaller one
// would lose policies without a word.
inline constexpr std::size_t buffer_size = std::size_t{64} * 1024;

using MnlSocket = std::unique_ptr<mnl_socket, FreeBy<mnl_socket_close>>;

struct Opened {
  FileDescriptor socket;
  std::uint32_t port = 0;
};
// A bound, non-blocking NETLINK_XFRM socket that asks for extended acknowledgements without an echo of the request
// (which would carry keys about).
Result<Opened> open();

// Beyond the system's limit where we may, else up to it. Returns what the kernel granted.
std::size_t set_receive_buffer(int socket, int bytes);
void set_send_buffer(int socket, int bytes);

enum class Arrival { datagram, nothing, overrun };
struct Received {
  Arrival arrival = Arrival::nothing;
  std::size_t size = 0;
};
// One datagram that the kernel itself sent (others are passed over), into `buffer`. Does not wait.
Result<Received> receive(int socket, Bytes& buffer);

}  // namespace ipsec9000::netlink
