#include <linux/netlink.h>
#include <sys/socket.h>

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
