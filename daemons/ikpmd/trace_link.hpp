// The trace as far as it is ikpmd's: its messages in clear, handed to secpolicyd, which writes the file.
#pragma once
#include <cstdint>

#include "daemon/rpc_peer.hpp"
#include "daemon/rpc_server.hpp"
#include "ike/engine.hpp"

namespace ipsec9000 {

class TraceLink {
 public:
  TraceLink(ike::Engine& engine, RpcPeer& policy_manager) : engine_(engine), policy_manager_(policy_manager) {}

  // The IPSec password has been checked. `params` and the answer are those of secpolicyd's "trace.start".
  void start(const Json& params, RpcServer::Reply reply);
  void stop();
  // Ends the trace here when secpolicyd says that it writes no longer.
  void message(ike::TraceMessage message);
  bool on() const { return on_; }

 private:
  // Beyond it messages are left out, and the next one that is told says how many.
  static constexpr std::size_t most_under_way = 256;

  ike::Engine& engine_;
  RpcPeer& policy_manager_;
  bool on_ = false;
  std::size_t under_way_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace ipsec9000
