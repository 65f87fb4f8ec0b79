#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <sys/socket.h>

#include <array>
#include <bit>
#include <cstddef>

#include "xfrm/decode.hpp"
#include "xfrm/netlink_io.hpp"
#include "xfrm/socket.hpp"

namespace ipsec9000 {

namespace {
// An event takes 1.3 kB of the kernel's accounting: room for 25 000 of them, at no cost until they are there.
constexpr int receive_buffer_size = 32 << 20;
// Then the event loop gets its turn.
constexpr int maximum_datagrams = 1024;

void decode_all(ByteView datagram, std::vector<Event>& events) {
  MessageReader reader(datagram);
  while (true) {
    const auto message = reader.next();
    if (!message) {
      events.emplace_back(Undecodable{message.error().text});
      return;
    }
    if (!*message) return;
    auto event = decode_event(**message);
    if (!event)
      events.emplace_back(Undecodable{event.error().text});
    else if (*event)
      events.push_back(std::move(**event));
  }
}
// A filter loads in network order what netlink has in the host's.
std::uint32_t as_loaded(std::uint32_t value) {
  return std::endian::native == std::endian::little ? __builtin_bswap32(value) : value;
}
std::uint32_t as_loaded(std::uint16_t value) {
  return std::endian::native == std::endian::little ? __builtin_bswap16(value) : value;
}
}  // namespace

Result<std::unique_ptr<EventSocket>> EventSocket::open(std::span<const EventGroup> groups) {
  auto opened = netlink::open();
  if (!opened) return opened.error();
  const int socket = opened->socket.get();
  const std::size_t granted = netlink::set_receive_buffer(socket, receive_buffer_size);
  const int on = 1;
  if (::setsockopt(socket, SOL_NETLINK, NETLINK_BROADCAST_ERROR, &on, sizeof on) != 0)
    return system_error("asking netlink to report lost events");
  for (const auto group : groups) {
    const int number = static_cast<int>(group);
    if (::setsockopt(socket, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &number, sizeof number) != 0)
      return system_error("listening to XFRM's events");
  }
  return std::unique_ptr<EventSocket>(new EventSocket(std::move(opened->socket), granted));
}

EventSocket::EventSocket(FileDescriptor socket, std::size_t receive_buffer)
    : socket_(std::move(socket)), receive_buffer_(receive_buffer), buffer_(netlink::buffer_size) {}

// Each event is a datagram of its own. Without the filter all are told, which is slower and no worse.
void EventSocket::leave_out_policies_of(std::uint32_t sender) {
  constexpr std::uint16_t added = XFRM_MSG_NEWPOLICY;
  constexpr std::uint16_t deleted = XFRM_MSG_DELPOLICY;
  constexpr std::uint16_t updated = XFRM_MSG_UPDPOLICY;
  std::array<sock_filter, 8> steps{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(nlmsghdr, nlmsg_pid)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, as_loaded(sender), 0, 4),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, as_loaded(added), 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, as_loaded(deleted), 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, as_loaded(updated), 1, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
  (void)::setsockopt(socket_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

Result<std::vector<Event>> EventSocket::read_events() {
  std::vector<Event> events;
  // Beyond the bound only as long as there is nothing to show for it: an empty result means "no more".
  for (int i = 0; i < maximum_datagrams || events.empty(); ++i) {
    const auto received = netlink::receive(socket_.get(), buffer_);
    if (!received) return received.error();
    if (received->arrival == netlink::Arrival::nothing) break;
    if (received->arrival == netlink::Arrival::overrun) {
      events.emplace_back(MonitorOverrun{});
      continue;
    }
    decode_all(ByteView(buffer_).first(received->size), events);
    wipe_memory(buffer_.data(), received->size);  // an added SA is announced with its keys
  }
  return events;
}

}  // namespace ipsec9000
