#include "daemon/rpc_connection.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/secret.hpp"

namespace ipsec9000 {

namespace {
// Passwords and keys are among them; who needs one longer has a copy that wipes itself.
void wipe_texts(Json& json) {
  if (auto* text = json.get_ptr<std::string*>()) return wipe_memory(text->data(), text->size());
  if (json.is_structured())
    for (auto& each : json) wipe_texts(each);
}
}  // namespace

// Answers exactly once, whatever the method does with its Reply.
class RpcConnection::Answer {
 public:
  Answer(std::weak_ptr<RpcConnection> connection, EventLoop& loop, std::optional<Json> id)
      : connection_(std::move(connection)), loop_(loop), id_(std::move(id)) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  ~Answer() {
    if (given_) return;
    // Later: whoever drops a Reply may be half destroyed.
    const Error forgotten{ErrorCode::internal, "the method ended without an answer"};
    loop_.post([connection = connection_, line = line_of(forgotten)] {
      if (auto alive = connection.lock()) alive->answered(line);
    });
  }

  void give(const Result<Json>& outcome) {
    if (std::exchange(given_, true)) return;
    if (auto alive = connection_.lock()) alive->answered(line_of(outcome));
  }

 private:
  std::string line_of(const Result<Json>& outcome) const {
    if (!id_) return {};
    auto line = ipc::encode(ipc::Response{*id_, outcome});
    if (line.size() <= ipc::max_message_bytes) return line;
    return ipc::encode(ipc::Response{*id_, Error{ErrorCode::internal, "the answer is too large for one message"}});
  }

  std::weak_ptr<RpcConnection> connection_;
  EventLoop& loop_;
  std::optional<Json> id_;  // none: a notification, which gets no answer
  bool given_ = false;
};

RpcConnection::RpcConnection(RpcServer& server, FileDescriptor socket, Caller caller)
    : server_(server), socket_(std::move(socket)), caller_(caller) {}

void RpcConnection::start() { read_on(); }

void RpcConnection::turn_away(const Error& why) {
  ending_ = true;
  input_ = ipc::LineBuffer();
  send(ipc::encode_error(nullptr, why, ipc::error_number(why.code)));
}

void RpcConnection::read() {
  const auto self = shared_from_this();
  std::array<char, 65536> chunk{};
  const auto count = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count < 0) return close();
  if (count == 0) ending_ = true;
  input_.append({chunk.data(), static_cast<std::size_t>(count)});
  wipe_memory(chunk.data(), static_cast<std::size_t>(count));
  handle_lines();
}

void RpcConnection::handle_lines() {
  while (!closed_ && outstanding_ < server_.limits().outstanding) {
    auto line = input_.next();
    if (!line) {
      turn_away(line.error());
      break;
    }
    if (!*line) break;
    if (!(*line)->empty()) handle(**line);
    wipe_memory((*line)->data(), (*line)->size());  // it may have been a password's
  }
  read_on();
  close_if_done();
}

void RpcConnection::handle(const std::string& line) {
  auto message = ipc::decode(line);
  if (auto* request = std::get_if<ipc::Request>(&message)) {
    handle(std::move(*request));
  } else if (const auto* notification = std::get_if<ipc::Notification>(&message)) {
    if (!server_.has(notification->method)) return;
    ++outstanding_;
    auto answer = std::make_shared<Answer>(weak_from_this(), server_.loop(), std::nullopt);
    server_.dispatch(notification->method, notification->params, caller_,
                     [answer](const Result<Json>& outcome) { answer->give(outcome); });
  } else if (const auto* malformed = std::get_if<ipc::Malformed>(&message)) {
    send(ipc::encode_error(malformed->id, malformed->error, malformed->number));
  }
}

void RpcConnection::handle(ipc::Request request) {
  if (!server_.has(request.method))
    return send(ipc::encode_error(request.id, server_.unknown_method(request.method), ipc::method_not_found));
  ++outstanding_;
  auto answer = std::make_shared<Answer>(weak_from_this(), server_.loop(), std::move(request.id));
  server_.dispatch(request.method, request.params, caller_,
                   [answer](const Result<Json>& outcome) { answer->give(outcome); });
  wipe_texts(request.params);
}

void RpcConnection::answered(const std::string& line) {
  const bool was_waiting = outstanding_-- == server_.limits().outstanding;
  if (!line.empty()) send(line);
  // What was read and had to wait goes on later: a method must not be called from inside another one's answer.
  if (was_waiting)
    server_.loop().post([weak = weak_from_this()] {
      if (auto alive = weak.lock()) alive->handle_lines();
    });
  close_if_done();
}

void RpcConnection::send(std::string_view line) {
  if (closed_) return;
  output_.erase(0, std::exchange(sent_, 0));
  output_ += line;
  output_ += '\n';
  if (output_.size() > server_.limits().unsent_bytes) return close();
  if (!writable_) write();
}

void RpcConnection::write() {
  const auto self = shared_from_this();
  while (sent_ < output_.size()) {
    const auto count = ::send(socket_.get(), output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      if (!writable_) writable_ = server_.loop().watch_writable(socket_.get(), [this] { write(); });
      if (!writable_) close();
      return;
    }
    if (count < 0) return close();
    sent_ += static_cast<std::size_t>(count);
  }
  output_.clear();
  sent_ = 0;
  writable_ = {};
  close_if_done();
}

void RpcConnection::read_on() {
  const bool wanted = !closed_ && !ending_ && outstanding_ < server_.limits().outstanding;
  if (!wanted) {
    readable_ = {};
  } else if (!readable_) {
    readable_ = server_.loop().watch_readable(socket_.get(), [this] { read(); });
    if (!readable_) close();
  }
}

void RpcConnection::close_if_done() {
  if (ending_ && outstanding_ == 0 && output_.empty()) close();
}

void RpcConnection::close() {
  if (std::exchange(closed_, true)) return;
  readable_ = {};
  writable_ = {};
  server_.forget(caller_.connection);  // may be the last to hold us; callers hold one more
}

}  // namespace ipsec9000
