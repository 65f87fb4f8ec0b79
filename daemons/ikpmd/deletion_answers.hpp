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
  static constexpr std::size_t most = 256;  // who comes then is not kept waiting

  explicit DeletionAnswers(EventLoop& loop, Duration longest_wait = seconds(8))
      : loop_(loop), longest_wait_(longest_wait) {}

  // Answers by the loop, not from within: so first the engine's actions can be carried out, among which the end may be.
  void add(const ike::Engine::Deleted& deleted, RpcServer::Reply reply);
  void ended(const ike::FarewellEnded& farewell);

 private:
  struct Entry {
    ike::Engine::Deleted deleted;
    RpcServer::Reply reply;
    EventLoop::Timer due;
  };
  void answer_after(Duration wait, std::list<Entry>::iterator entry);

  EventLoop& loop_;
  Duration longest_wait_;
  std::list<Entry> entries_;
};

}  // namespace ipsec9000
