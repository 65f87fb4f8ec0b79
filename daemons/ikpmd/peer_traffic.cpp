#include "peer_traffic.hpp"

namespace ipsec9000 {

PeerTraffic::Counts& PeerTraffic::touch(const IpAddress& peer) {
  auto found = peers_.find(peer);
  if (found == peers_.end()) {
    if (peers_.size() >= most_peers) {
      peers_.erase(quietest_.front());
      quietest_.pop_front();
    }
    quietest_.push_back(peer);
    found = peers_.emplace(peer, Peer{{}, std::prev(quietest_.end())}).first;
  } else {
    quietest_.splice(quietest_.end(), quietest_, found->second.place);
  }
  return found->second.counts;
}

void PeerTraffic::sent(const IpAddress& peer, WallTime now) {
  auto& counts = touch(peer);
  ++counts.sent;
  counts.last_sent = now;
}

void PeerTraffic::received(const IpAddress& peer, WallTime now) {
  auto& counts = touch(peer);
  ++counts.received;
  counts.last_received = now;
}

std::optional<PeerTraffic::Counts> PeerTraffic::of(const IpAddress& peer) const {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return std::nullopt;
  return found->second.counts;
}

}  // namespace ipsec9000
