#include "daemon/rpc_peer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <vector>

#include "ipc/line_buffer.hpp"
#include "ipc/message.hpp"
#include "ipc/unix_socket.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration first_pause{100};
constexpr Duration longest_pause{2000};
constexpr std::size_t max_calls = 16384;
constexpr std::size_t max_unsent_bytes = 8 << 20;
}  // namespace

struct RpcPeer::State : std::enable_shared_from_this<State> {
  struct Call {
    Done done;
    EventLoop::Timer deadline;
    std::string line;  // while it has not been sent
  };

  State(EventLoop& event_loop, std::filesystem::path socket_path)
      : loop(event_loop), path(std::move(socket_path)), name(path.stem().string()), again(loop) {}

  void connect();
  void lose(const Error& why);
  void read();
  void handle(const std::string& line);
  void send(std::string_view line);
  void write();
  void begin(std::string line, std::uint64_t id, Duration timeout, Done done);
  void finish(std::uint64_t id, const Result<Json>& outcome);
  void fail_later(Done done, Error error);
  Error away() const { return {ErrorCode::not_running, name + " is not running"}; }
  bool is_connected() const { return static_cast<bool>(socket); }

  EventLoop& loop;
  std::filesystem::path path;
  std::string name;
  std::function<void()> connected, lost;
  FileDescriptor socket;
  EventLoop::Watch readable, writable;
  EventLoop::Timer again;
  Duration pause = first_pause;
  TimePoint connected_at;
  ipc::LineBuffer input;
  std::string output;             // not yet sent
  std::size_t waiting_bytes = 0;  // of the lines in `calls`
  std::uint64_t last_id = 0;
  std::map<std::uint64_t, Call> calls;  // by id: in the order of calling
  bool ended = false;                   // the RpcPeer is gone
};

void RpcPeer::State::connect() {
  auto connection = ipc::connect_unix(path);
  if (connection) {
    socket = std::move(*connection);
    readable = loop.watch_readable(socket.get(), [this] { read(); });
    if (!readable) socket.reset();
  }
  if (!is_connected()) {
    again.arm(pause, [this] { connect(); });
    pause = std::min(pause * 2, longest_pause);
    return;
  }
  const auto self = shared_from_this();
  connected_at = loop.now();
  waiting_bytes = 0;
  std::string waiting;
  for (auto& [id, call] : calls) waiting += std::exchange(call.line, {});
  if (!waiting.empty()) send(waiting);
  if (is_connected() && connected) connected();
}

void RpcPeer::State::lose(const Error& why) {
  if (!is_connected()) return;
  const auto self = shared_from_this();
  readable = {};
  writable = {};
  socket.reset();
  input = ipc::LineBuffer();
  output.clear();
  // A listener that takes and drops us at once is not asked ten times a second.
  if (loop.now() - connected_at > longest_pause) pause = first_pause;
  again.arm(pause, [this] { connect(); });
  pause = std::min(pause * 2, longest_pause);
  std::vector<std::uint64_t> sent;
  for (const auto& [id, call] : calls)
    if (call.line.empty()) sent.push_back(id);
  for (const auto id : sent) finish(id, why);
  if (!ended && lost) lost();
}

void RpcPeer::State::read() {
  const auto self = shared_from_this();
  std::array<char, 65536> chunk{};
  const auto count = ::recv(socket.get(), chunk.data(), chunk.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return lose({ErrorCode::not_running, name + " closed the connection"});
  input.append({chunk.data(), static_cast<std::size_t>(count)});
  while (!ended && is_connected()) {
    auto line = input.next();
    if (!line) return lose(line.error().within(name));
    if (!*line) return;
    handle(**line);
  }
}

void RpcPeer::State::handle(const std::string& line) {
  auto message = ipc::decode(line);
  if (const auto* malformed = std::get_if<ipc::Malformed>(&message)) return lose(malformed->error.within(name));
  const auto* response = std::get_if<ipc::Response>(&message);
  if (response == nullptr) return;  // we offer no methods
  if (response->id.is_number_unsigned()) {
    finish(response->id.get<std::uint64_t>(), response->outcome);
  } else if (!response->outcome) {
    lose(response->outcome.error().within(name));  // turned away
  }
}

void RpcPeer::State::send(std::string_view lines) {
  output += lines;
  if (!writable) write();
}

void RpcPeer::State::write() {
  std::size_t sent = 0;
  while (sent < output.size()) {
    const auto count = ::send(socket.get(), output.data() + sent, output.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    sent += static_cast<std::size_t>(count);
  }
  const int failure = errno;
  output.erase(0, sent);
  if (output.empty()) {
    writable = {};
  } else if (failure != EAGAIN) {
    // Reading finds the end of the connection; what was sent to us before it is still handled.
    output.clear();
    writable = {};
  } else if (!writable) {
    writable = loop.watch_writable(socket.get(), [this] { write(); });
  }
}

void RpcPeer::State::begin(std::string line, std::uint64_t id, Duration timeout, Done done) {
  line += '\n';
  auto& call = calls.emplace(id, Call{std::move(done), EventLoop::Timer(loop), {}}).first->second;
  call.deadline.arm(timeout, [this, id, timeout] {
    finish(id, Error{ErrorCode::timed_out, name + " did not answer in " + std::to_string(timeout.count()) + " ms"});
  });
  if (is_connected()) return send(line);
  waiting_bytes += line.size();
  call.line = std::move(line);
}

void RpcPeer::State::finish(std::uint64_t id, const Result<Json>& outcome) {
  const auto self = shared_from_this();
  const auto call = calls.extract(id);
  if (call.empty() || ended) return;  // answered after its time
  waiting_bytes -= call.mapped().line.size();
  call.mapped().done(outcome);
}

void RpcPeer::State::fail_later(Done done, Error error) {
  loop.post([weak = weak_from_this(), done = std::move(done), error = std::move(error)] {
    if (const auto alive = weak.lock(); alive && !alive->ended) done(error);
  });
}

RpcPeer::RpcPeer(EventLoop& loop, std::filesystem::path socket)
    : state_(std::make_shared<State>(loop, std::move(socket))) {}

RpcPeer::~RpcPeer() {
  state_->ended = true;
  state_->readable = {};
  state_->writable = {};
  state_->again.cancel();
  state_->calls.clear();
}

void RpcPeer::on_connected(std::function<void()> connected) { state_->connected = std::move(connected); }
void RpcPeer::on_lost(std::function<void()> lost) { state_->lost = std::move(lost); }

void RpcPeer::start() {
  // Later, so that `connected` does not come from inside its owner's constructor.
  state_->again.arm(Duration(0), [state = state_.get()] { state->connect(); });
}

bool RpcPeer::connected() const { return state_->is_connected(); }

void RpcPeer::call(std::string_view method, const Json& params, Duration timeout, Done done, WhenAway away) {
  auto& state = *state_;
  if (!state.is_connected() && away == WhenAway::fail) return state.fail_later(std::move(done), state.away());
  const auto id = ++state.last_id;
  auto line = ipc::encode(ipc::Request{id, std::string(method), params});
  if (line.size() > ipc::max_message_bytes)
    return state.fail_later(std::move(done), {ErrorCode::invalid_input, "the request is too large for one message"});
  if (state.calls.size() >= max_calls || state.waiting_bytes + state.output.size() + line.size() > max_unsent_bytes)
    return state.fail_later(std::move(done), {ErrorCode::refused, "too many requests wait for " + state.name});
  state.begin(std::move(line), id, timeout, std::move(done));
}

void RpcPeer::notify(std::string_view method, const Json& params) {
  auto line = ipc::encode(ipc::Notification{std::string(method), params}) + "\n";
  if (!state_->is_connected() || line.size() > ipc::max_message_bytes ||
      state_->output.size() + line.size() > max_unsent_bytes)
    return;
  state_->send(line);
}

}  // namespace ipsec9000
