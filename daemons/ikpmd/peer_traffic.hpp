// How many IKE messages went to each peer and came from it: the first question when a negotiation times out.
#pragma once
#include <list>
#include <map>
#include <optional>

#include "base/address.hpp"
#include "base/time.hpp"

namespace ipsec9000 {

class PeerTraffic {
 public:
  // Then the one that was quiet for longest is forgotten: anybody can send us messages under any address.
  static constexpr std::size_t most_peers = 4096;

  struct Counts {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    WallTime last_sent{};  // the epoch: never
    WallTime last_received{};
  };

  void sent(const IpAddress& peer, WallTime now);
  void received(const IpAddress& peer, WallTime now);
  std::optional<Counts> of(const IpAddress& peer) const;
  std::size_t size() const { return peers_.size(); }

 private:
  struct Peer {
    Counts counts;
    std::list<IpAddress>::iterator place;
  };
  Counts& touch(const IpAddress& peer);
  std::map<IpAddress, Peer> peers_;
  std::list<IpAddress> quietest_;  // first
};

}  // namespace ipsec9000
