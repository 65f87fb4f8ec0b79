// The line to ikpmd: what to negotiate, and what it needs to know for that.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json_fwd.hpp"
#include "daemon/daemon.hpp"
#include "daemon/rpc_peer.hpp"
#include "model/entrust_settings.hpp"
#include "model/protection.hpp"
#include "policy_set.hpp"

namespace ipsec9000 {

class IkeLink {
 public:
  explicit IkeLink(DaemonContext& context);
  void on_lost(std::function<void()> lost) { when_lost_ = std::move(lost); }  // beside the audit record
  void start() { peer_.start(); }
  bool connected() const { return peer_.connected(); }

  // Told now and at each reconnection, before anything else. `entrust`: absent where its file could not be read; ikpmd
  // keeps what it has.
  void configure(const PolicySet& set, const std::optional<EntrustSettings>& entrust);
  // These reqids have lost their policy: their SAs are to go. Told again until ikpmd has answered; `used_again` ones
  // are taken back.
  void forget(const std::vector<std::uint32_t>& reqids);
  // An SA is needed. While ikpmd is away the order waits for it, up to `patience`. `asked`: for the case that it fails.
  void acquire(const Protection& protection, const UnansweredAcquire& asked);

  // This ACQUIRE gets no SA. Not repeated: the kernel forgets it by itself in a while.
  void release(const UnansweredAcquire& acquire);

  static constexpr Duration patience{30'000};  // after that the kernel asks again by itself
  static constexpr std::size_t most_waiting = 1000;

 private:
  void connected_again();
  void lost();
  void send_acquire(const Protection& protection, const UnansweredAcquire& asked);
  void send_forget();

  DaemonContext& context_;
  RpcPeer peer_;
  std::shared_ptr<const Json> configuration_;
  std::vector<std::uint32_t> forgotten_;
  std::map<Protection, std::pair<TimePoint, UnansweredAcquire>> waiting_;
  std::function<void()> when_lost_;
  bool was_connected_ = false;
};

}  // namespace ipsec9000
