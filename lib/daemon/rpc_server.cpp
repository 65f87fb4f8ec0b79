#include "daemon/rpc_server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "daemon/rpc_connection.hpp"
#include "ipc/unix_socket.hpp"

namespace ipsec9000 {

RpcServer::RpcServer(EventLoop& loop, std::filesystem::path socket, RpcLimits limits)
    : loop_(loop), path_(std::move(socket)), limits_(limits), pause_(loop) {
  add("rpc.ping", [](const Json&, const Caller&, const Reply& reply) { reply(Json::object()); });
  add("rpc.methods", [this](const Json&, const Caller&, const Reply& reply) {
    Json names = Json::array();
    for (const auto& [name, method] : methods_) names.push_back(name);
    reply(std::move(names));
  });
}

RpcServer::~RpcServer() {
  if (listener_) ::unlink(path_.c_str());
}

void RpcServer::add(std::string name, Method method) { methods_[std::move(name)] = std::move(method); }

Result<void> RpcServer::start() {
  auto listener = ipc::listen_unix(path_);
  if (!listener) return listener.error();
  listener_ = std::move(*listener);
  listen();
  if (!watch_) return Error{ErrorCode::io, path_.string() + ": cannot wait for clients"};
  return {};
}

void RpcServer::listen() {
  watch_ = loop_.watch_readable(listener_.get(), [this] { accept_clients(); });
}

void RpcServer::accept_clients() {
  constexpr int most_at_once = 16;  // then the clients that are there get their turn
  constexpr Duration pause{100};
  for (int i = 0; i < most_at_once; ++i) {
    FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      welcome(std::move(socket));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The client still waits in the queue, and the queue would wake us at once.
      watch_ = {};
      pause_.arm(pause, [this] { listen(); });
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void RpcServer::welcome(FileDescriptor socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool known = ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  const Caller caller{peer.pid, peer.uid, ++last_connection_};
  auto connection = std::make_shared<RpcConnection>(*this, std::move(socket), caller);
  if (!known || (peer.uid != 0 && peer.uid != ::geteuid())) {
    connection->turn_away({ErrorCode::not_permitted, "only root may talk to this daemon"});
  } else if (connections_.size() >= limits_.clients) {
    connection->turn_away({ErrorCode::refused, "too many clients (" + std::to_string(limits_.clients) + ")"});
  } else {
    connections_.emplace(caller.connection, connection);
    connection->start();
  }
}

void RpcServer::dispatch(const std::string& method, const Json& params, const Caller& caller,
                         const Reply& reply) const {
  const auto found = methods_.find(method);
  try {
    found->second(params, caller, reply);
  } catch (const std::exception& failure) {  // of the JSON library: parameters that the method did not expect
    reply(Error{ErrorCode::invalid_input, method + ": " + escape_control(failure.what())});
  }
}

bool RpcServer::has(const std::string& method) const { return methods_.contains(method); }

Error RpcServer::unknown_method(const std::string& method) const {
  std::vector<std::string> names;
  for (const auto& [name, function] : methods_) names.push_back(name);
  auto text = "no method \"" + escape_control(method) + "\"";
  if (auto near = nearest_word(method, names)) text += "; did you mean \"" + *near + "\"?";
  return {ErrorCode::unsupported, text};
}

}  // namespace ipsec9000
