// Who asked for a peer's SAs to be deleted is answered when the peer has been told, where an ISAKMP SA must be
// negotiated for that first; and in time for whoever waits.
#pragma once
#include <list>

#include "daemon/event_loop.hpp"
#include "daemon/rpc_server.hpp"
#include "ike/engine.hpp"

namespace ipsec9000 {

class DeletionAnswers {
 public:
  static constexpr Duration longest_wait = seconds(8);  // the tools wait for 10
  static constexpr std::size_t most = 256;              // who comes then is answered at once

  explicit DeletionAnswers(EventLoop& loop) : loop_(loop) {}

  // Before the engine's actions are carried out: the end may be among them.
  void add(const IpAddress& remote, const ike::Engine::Deleted& deleted, RpcServer::Reply reply);
  void ended(const ike::FarewellEnded& farewell);

 private:
  struct Entry {
    IpAddress remote;
    ike::Engine::Deleted deleted;
    RpcServer::Reply reply;
    EventLoop::Timer limit;
  };
  static void answer(const Entry& entry);

  EventLoop& loop_;
  std::list<Entry> entries_;
};

}  // namespace ipsec9000
