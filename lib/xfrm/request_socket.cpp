#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>

#include "xfrm/netlink_io.hpp"
#include "xfrm/socket.hpp"

namespace ipsec9000 {

namespace {

constexpr std::size_t maximum_batch_bytes = std::size_t{48} * 1024;
constexpr int dump_attempts = 5;

Error overrun() { return Error{ErrorCode::io, "the kernel's answer was lost: the receive buffer was full"}; }

bool is_acknowledgement(const Message& message) { return message.type == NLMSG_ERROR || message.type == NLMSG_DONE; }

// The outcome in an acknowledgement: done, or the kernel's refusal.
Result<void> outcome(const Message& message) {
  const auto answer = read_acknowledgement(message);
  if (!answer) return answer.error();
  if (answer->number != 0) return kernel_error(*answer);
  return {};
}

// Calls `on_message` with each message of a datagram until it says false.
template <class OnMessage>
Result<void> each_message(ByteView datagram, OnMessage on_message) {
  MessageReader reader(datagram);
  while (true) {
    const auto message = reader.next();
    if (!message) return message.error();
    if (!*message || !on_message(**message)) return {};
  }
}

}  // namespace

Result<RequestSocket> RequestSocket::open(Duration timeout) {
  auto opened = netlink::open();
  if (!opened) return opened.error();
  netlink::set_receive_buffer(opened->socket.get(), 1 << 20);
  netlink::set_send_buffer(opened->socket.get(), 1 << 20);
  return RequestSocket(std::move(opened->socket), opened->port, timeout);
}

RequestSocket::RequestSocket(FileDescriptor socket, std::uint32_t port, Duration timeout)
    : socket_(std::move(socket)), port_(port), timeout_(timeout), buffer_(netlink::buffer_size) {}

// The requests go out from where they lie: no copy of a key is made on the way.
Result<void> RequestSocket::send(std::span<Request> requests) {
  std::array<iovec, maximum_batch> parts{};
  std::size_t count = 0;
  for (auto& request : requests) {
    request.set_origin(next_sequence_++, port_);
    const auto bytes = request.bytes();
    parts[count++] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};  // the kernel only reads it
  }
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  msghdr header{};
  header.msg_name = &kernel;
  header.msg_namelen = sizeof kernel;
  header.msg_iov = parts.data();
  header.msg_iovlen = count;
  while (::sendmsg(socket_.get(), &header, 0) < 0)
    if (errno != EINTR) return system_error("writing to netlink");
  return {};
}

// One datagram, waited for as long as the timeout says. The bytes are good until the next call.
Result<ByteView> RequestSocket::receive() {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + timeout_;
  while (true) {
    const auto received = netlink::receive(socket_.get(), buffer_);
    if (!received) return received.error();
    if (received->arrival == netlink::Arrival::overrun) return overrun();
    if (received->arrival == netlink::Arrival::datagram) return ByteView(buffer_).first(received->size);
    const auto left = std::chrono::ceil<Duration>(deadline - Clock::now()).count();
    if (left <= 0) return Error{ErrorCode::timed_out, "no answer from the kernel"};
    pollfd waiting{socket_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(std::min<Duration::rep>(left, 60'000))) < 0 && errno != EINTR)
      return system_error("waiting for netlink");
  }
}

Result<void> RequestSocket::execute(Request request) {
  return ask(std::move(request), [](const Message&) { return Result<void>{}; });
}

Result<void> RequestSocket::ask(Request request, const Handler& on_answer) {
  const std::uint32_t sequence = next_sequence_;
  if (auto sent = send({&request, 1}); !sent) return sent;
  Result<void> handled;
  std::optional<Result<void>> acknowledged;
  while (!acknowledged) {
    const auto datagram = receive();
    if (!datagram) return datagram.error();
    auto whole = each_message(*datagram, [&](const Message& message) {
      if (message.sequence != sequence) return true;  // late answer to a request that was given up
      if (is_acknowledgement(message))
        acknowledged = outcome(message);
      else if (handled)
        handled = on_answer(message);
      return !acknowledged;
    });
    wipe_memory(buffer_.data(), datagram->size());  // an SA comes with its keys
    if (!whole) return whole;
  }
  return *acknowledged ? handled : *acknowledged;
}

// The requests of one datagram, by sequence number, and what is known of them. The kernel takes them one after the
// other, and only the last one asks for an acknowledgement: once it is there, what was not refused is done. (Asking for
// one with each request makes a bulk load a third slower.)
struct RequestSocket::Batch {
  std::uint32_t first_sequence = 0;
  std::vector<std::optional<Result<void>>> outcomes;
  bool ended() const { return outcomes.back().has_value(); }
};

// Takes answers until the last one is there. What cannot be known any more gets the reason as its error.
void RequestSocket::collect(Batch& batch) {
  Result<void> state;
  while (!batch.ended()) {
    const auto datagram = receive();
    if (!datagram) {
      state = datagram.error();
      break;
    }
    state = each_message(*datagram, [&](const Message& message) {
      const std::uint32_t position = message.sequence - batch.first_sequence;
      if (position < batch.outcomes.size() && is_acknowledgement(message)) batch.outcomes[position] = outcome(message);
      return true;
    });
    if (!state) break;
  }
  for (auto& known : batch.outcomes)
    if (!known) known = state;
}

std::vector<BatchFailure> RequestSocket::execute_all(std::span<Request> requests) {
  std::vector<BatchFailure> failures;
  std::size_t at = 0;
  while (at < requests.size()) {
    std::size_t count = 0;
    std::size_t bytes = 0;
    while (at + count < requests.size() && count < maximum_batch) {
      bytes += requests[at + count].bytes().size();
      if (count > 0 && bytes > maximum_batch_bytes) break;
      ++count;
    }
    Batch batch{next_sequence_, {}};
    batch.outcomes.resize(count);
    for (std::size_t i = 0; i + 1 < count; ++i) requests[at + i].leave_out_acknowledgement();
    if (auto sent = send(requests.subspan(at, count)); sent)
      collect(batch);
    else
      std::fill(batch.outcomes.begin(), batch.outcomes.end(), sent);
    for (std::size_t i = 0; i < count; ++i)
      if (const auto& known = batch.outcomes[i]; !*known) failures.push_back({at + i, known->error()});
    at += count;
  }
  return failures;
}

Result<void> RequestSocket::begin_dump(Request request) {
  dump_sequence_ = next_sequence_;
  return send({&request, 1});
}

Result<RequestSocket::Piece> RequestSocket::dump_piece(const Handler& on_entry) {
  Piece piece;
  std::optional<Result<void>> ended;
  const auto datagram = receive();
  if (!datagram) return datagram.error();
  const auto whole = each_message(*datagram, [&](const Message& message) {
    if (message.sequence != dump_sequence_) return true;  // late answer to a request that was given up
    piece.interrupted = piece.interrupted || (message.flags & NLM_F_DUMP_INTR) != 0;
    if (is_acknowledgement(message))
      ended = outcome(message);
    else if (piece.handled)
      piece.handled = on_entry(message);
    return !ended;
  });
  wipe_memory(buffer_.data(), datagram->size());
  if (!whole) return whole.error();
  if (ended && !*ended) return ended->error();
  piece.last = ended.has_value();
  return piece;
}

// True: complete. False: the table changed meanwhile. Read to its end even when an entry was not liked: the kernel
// begins no other dump before.
Result<bool> RequestSocket::dump_once(Request request, const Handler& on_entry) {
  if (auto sent = begin_dump(std::move(request)); !sent) return sent.error();
  Result<void> handled;
  bool interrupted = false;
  while (true) {
    const auto piece = dump_piece([&](const Message& message) { return handled ? on_entry(message) : Result<void>{}; });
    if (!piece) return piece.error();
    if (handled) handled = piece->handled;
    interrupted = interrupted || piece->interrupted;
    if (!piece->last) continue;
    if (!handled) return handled.error();
    return !interrupted;
  }
}

Result<void> RequestSocket::dump(const std::function<Request()>& request, const Handler& on_entry,
                                 const std::function<void()>& on_restart) {
  for (int attempt = 0; attempt < dump_attempts; ++attempt) {
    if (attempt > 0) on_restart();
    const auto complete = dump_once(request(), on_entry);
    if (!complete) return complete.error();
    if (*complete) return {};
  }
  return Error{ErrorCode::io, "the table changed each time it was read"};
}

}  // namespace ipsec9000
