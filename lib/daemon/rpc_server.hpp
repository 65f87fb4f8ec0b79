// The JSON-RPC server of a daemon: one Unix socket, methods by name, root only.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/files.hpp"
#include "base/json_fwd.hpp"
#include "base/result.hpp"
#include "daemon/event_loop.hpp"

namespace ipsec9000 {

class RpcConnection;

// Who calls, by SO_PEERCRED.
struct Caller {
  pid_t pid = 0;
  uid_t uid = 0;
  std::uint64_t connection = 0;  // the same for all calls on one connection, never used again
};

struct RpcLimits {
  std::size_t clients = 64;
  std::size_t outstanding = 64;        // requests of one client not yet answered; more are not read until then
  std::size_t unsent_bytes = 8 << 20;  // of answers that one client does not read; beyond it, it is dropped
};

class RpcServer {
 public:
  // Called once, on the loop, now or later. A second call, or one after the client has gone, does nothing; when the
  // last copy is dropped without a call, the client gets an `internal` error. An answer larger than a message may be
  // becomes an error too.
  using Reply = std::function<void(Result<Json>)>;
  // `params` is an object or an array, and ends with the call. The method checks what is in it.
  using Method = std::function<void(const Json& params, const Caller& caller, Reply reply)>;

  RpcServer(EventLoop& loop, std::filesystem::path socket, RpcLimits limits = {});
  ~RpcServer();  // drops the clients, removes the socket
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  // Before start() or later. "rpc.ping" (answers {}) and "rpc.methods" (answers the sorted names) are there already.
  void add(std::string name, Method method);

  // Begins to listen. already_exists when another process serves this socket.
  Result<void> start();

  std::size_t clients() const { return connections_.size(); }
  EventLoop& loop() { return loop_; }
  const RpcLimits& limits() const { return limits_; }

  // For RpcConnection.
  void dispatch(const std::string& method, const Json& params, const Caller& caller, const Reply& reply) const;
  bool has(const std::string& method) const;
  Error unknown_method(const std::string& method) const;
  void forget(std::uint64_t connection) { connections_.erase(connection); }

 private:
  void listen();
  void accept_clients();
  void welcome(FileDescriptor socket);

  EventLoop& loop_;
  std::filesystem::path path_;
  RpcLimits limits_;
  std::map<std::string, Method> methods_;
  std::map<std::uint64_t, std::shared_ptr<RpcConnection>> connections_;
  std::uint64_t last_connection_ = 0;
  FileDescriptor listener_;
  EventLoop::Watch watch_;
  EventLoop::Timer pause_;  // while there are no descriptors to accept with
};

}  // namespace ipsec9000
