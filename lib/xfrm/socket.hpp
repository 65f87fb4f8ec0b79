// The two sockets to XFRM: one to ask, one to listen. Both belong to the network namespace they were opened in.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/files.hpp"
#include "base/time.hpp"
#include "xfrm/message.hpp"
#include "xfrm/request.hpp"

namespace ipsec9000 {

// One of many requests that the kernel refused, or whose answer is not known (ErrorCode::io, ErrorCode::timed_out).
struct BatchFailure {
  std::size_t position = 0;  // in what was handed over
  Error error;
};

// Sends requests and waits for what the kernel says of them. An Error's text is the kernel's reason only; what was
// asked is for the caller to add, who has the words.
class RequestSocket {
 public:
  // Called with each message of an answer; an error ends the request once the answer is complete.
  using Handler = std::function<Result<void>(const Message&)>;

  // `timeout`: how long the kernel may be silent. It answers at once, unless another program holds XFRM's lock.
  static Result<RequestSocket> open(Duration timeout = seconds(10));

  // The netlink port: events that our requests cause carry it as their sender.
  std::uint32_t port() const { return port_; }

  Result<void> execute(Request request);
  Result<void> ask(Request request, const Handler& on_answer);

  // Measured: more in a datagram gains nothing, thousands cost; and the refusals of all must fit the buffer.
  static constexpr std::size_t maximum_batch = 128;
  // Sends all, up to so many in a datagram, and gives those that failed, in order. Not a transaction: the others are
  // done.
  std::vector<BatchFailure> execute_all(std::span<Request> requests);

  // Reads a whole table. When it changes while being read, `on_restart` is called (drop what you have) and it begins
  // anew, a few times at most.
  Result<void> dump(const std::function<Request()>& request, const Handler& on_entry,
                    const std::function<void()>& on_restart);

  // The same a piece at a time: begin_dump, then dump_piece until that one was the last. A piece is one datagram of the
  // kernel's, 32 kB at most. Nothing else may be asked on this socket meanwhile.
  struct Piece {
    bool last = false;
    bool interrupted = false;  // the table changed in a way that lost the kernel its place
    Result<void> handled;      // by `on_entry`
  };
  Result<void> begin_dump(Request request);
  Result<Piece> dump_piece(const Handler& on_entry);

 private:
  struct Batch;
  RequestSocket(FileDescriptor socket, std::uint32_t port, Duration timeout);
  Result<void> send(std::span<Request> requests);
  Result<ByteView> receive();
  void collect(Batch& batch);
  Result<bool> dump_once(Request request, const Handler& on_entry);

  FileDescriptor socket_;
  std::uint32_t port_ = 0;
  Duration timeout_;
  std::uint32_t next_sequence_ = 1;
  std::uint32_t dump_sequence_ = 0;
  Bytes buffer_;
};

enum class EventGroup : std::uint8_t { acquire = 1, expire = 2, sa = 3, policy = 4, mapping = 8 };

// Where events come from; the daemons' event loop waits for fd() to be readable.
class EventSource {
 public:
  virtual ~EventSource() = default;
  virtual int fd() const = 0;
  // Never waits. Gives a bounded number of events; an empty vector says that no more are there.
  virtual Result<std::vector<Event>> read_events() = 0;
  // What this sender does to policies need not be told from here on; it still may be. For one who puts in very many at
  // once, and would hear nothing else.
  virtual void leave_out_policies_of(std::uint32_t sender) { (void)sender; }
};

class EventSocket final : public EventSource {
 public:
  // Needs CAP_NET_ADMIN. The kernel then counts on us: an ACQUIRE that our full buffer cannot take leaves nothing
  // behind, so that the next packet asks again (NETLINK_BROADCAST_ERROR).
  static Result<std::unique_ptr<EventSocket>> open(std::span<const EventGroup> groups);

  int fd() const override { return socket_.get(); }
  Result<std::vector<Event>> read_events() override;
  void leave_out_policies_of(std::uint32_t sender) override;
  std::size_t receive_buffer() const { return receive_buffer_; }  // bytes that the kernel granted

 private:
  EventSocket(FileDescriptor socket, std::size_t receive_buffer);
  FileDescriptor socket_;
  std::size_t receive_buffer_ = 0;
  Bytes buffer_;
};

}  // namespace ipsec9000
