#include "ipc/client.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

#include "ipc/line_buffer.hpp"
#include "ipc/message.hpp"
#include "ipc/unix_socket.hpp"

namespace ipsec9000::ipc {

using Clock = std::chrono::steady_clock;

struct Client::State {
  FileDescriptor socket;
  std::string name;  // of the daemon, for error texts
  LineBuffer input;
  std::uint64_t last_id = 0;

  Result<void> wait(short events, Clock::time_point deadline) const;
  Result<void> send_line(std::string line, Clock::time_point deadline) const;
  Result<std::string> receive_line(Clock::time_point deadline);
};

Result<void> Client::State::wait(short events, Clock::time_point deadline) const {
  while (true) {
    const auto left = std::chrono::ceil<Duration>(deadline - Clock::now()).count();
    pollfd ready{socket.get(), events, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000)));
    if (count > 0) return {};
    if (count == 0) return Error{ErrorCode::timed_out, name + " does not answer"};
    if (errno != EINTR) return system_error(name);
  }
}

Result<void> Client::State::send_line(std::string line, Clock::time_point deadline) const {
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    if (auto ready = wait(POLLOUT, deadline); !ready) return ready;
    const auto count = ::send(socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count >= 0) rest.remove_prefix(static_cast<std::size_t>(count));
    if (count < 0 && (errno == EPIPE || errno == ECONNRESET))
      return Error{ErrorCode::not_running, name + " closed the connection"};
    if (count < 0 && errno != EAGAIN && errno != EINTR) return system_error(name);
  }
  return {};
}

Result<std::string> Client::State::receive_line(Clock::time_point deadline) {
  std::array<char, 65536> chunk{};
  while (true) {
    auto line = input.next();
    if (!line) return line.error().within(name);
    if (*line) return std::move(**line);
    if (auto ready = wait(POLLIN, deadline); !ready) return ready.error();
    const auto count = ::recv(socket.get(), chunk.data(), chunk.size(), 0);
    if (count > 0) input.append({chunk.data(), static_cast<std::size_t>(count)});
    if (count == 0 || (count < 0 && errno == ECONNRESET))
      return Error{ErrorCode::not_running, name + " closed the connection"};
    if (count < 0 && errno != EAGAIN && errno != EINTR) return system_error(name);
  }
}

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::connect(const std::filesystem::path& path, Duration timeout) {
  constexpr Duration between_attempts{10};
  const auto name = path.stem().string();
  const auto deadline = Clock::now() + timeout;
  while (true) {
    auto socket = connect_unix(path);
    if (socket) return Client(std::make_unique<State>(State{std::move(*socket), name, LineBuffer(), 0}));
    if (socket.error().code == ErrorCode::not_running)
      return Error{ErrorCode::not_running, name + " is not running (" + socket.error().text + ")"};
    if (socket.error().code != ErrorCode::timed_out) return socket.error();
    if (Clock::now() >= deadline)
      return Error{ErrorCode::timed_out, name + " does not answer (" + socket.error().text + ")"};
    std::this_thread::sleep_for(between_attempts);
  }
}

Result<Json> Client::call(std::string_view method, const Json& params, Duration timeout) {
  const auto deadline = Clock::now() + timeout;
  const auto id = ++state_->last_id;
  auto line = encode(Request{id, std::string(method), params});
  if (line.size() > max_message_bytes)
    return Error{ErrorCode::invalid_input, "the request is too large for one message"};
  if (auto sent = state_->send_line(std::move(line), deadline); !sent) {
    // A daemon that turns somebody away says why before it closes.
    if (sent.error().code != ErrorCode::not_running) return sent.error();
  }
  while (true) {
    const auto answer = state_->receive_line(deadline);
    if (!answer) return answer.error();
    auto message = decode(*answer);
    if (auto* response = std::get_if<Response>(&message)) {
      const bool refused_at_the_door = response->id.is_null() && !response->outcome;
      if (response->id == id || refused_at_the_door) return std::move(response->outcome);
    } else if (const auto* malformed = std::get_if<Malformed>(&message)) {
      return malformed->error.within(state_->name);
    }
  }
}

Result<void> Client::call_pages(std::string_view method, const Json& params, const OnItem& each, Duration timeout) {
  Json page_params = params.is_object() ? params : Json::object();
  while (true) {
    const auto page = call(method, page_params, timeout);
    if (!page) return page.error();
    const Error not_a_page{ErrorCode::internal,
                           state_->name + ": the answer to " + std::string(method) + " is not a page"};
    if (!page->is_object()) return not_a_page;
    const auto items = page->find("items");
    const auto next = page->find("next");
    if (items == page->end() || !items->is_array()) return not_a_page;
    for (const auto& item : *items)
      if (auto taken = each(item); !taken) return taken;
    if (next == page->end() || next->is_null()) return {};
    if (const auto before = page_params.find("cursor"); before != page_params.end() && *before == *next)
      return Error{ErrorCode::internal, state_->name + ": " + std::string(method) + " goes round in circles"};
    page_params["cursor"] = *next;
  }
}

}  // namespace ipsec9000::ipc
