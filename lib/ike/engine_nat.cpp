// Address translation in the engine: the change to port 4500, peers that move, keepalives (RFC 3947, RFC 3948).
//
// Where a peer is, only messages that it authenticated say. They are new ones: a repeated message was seen before, by
// its digest or its message id, and moves nobody.
#include <algorithm>

#include "ike/engine_core.hpp"

namespace ipsec9000::ike {

// Only where the peer's address is translated may another address be the same peer.
bool Core::may_come_from(const Session& session, const Endpoint& remote) {
  return session.nat.peers || session.remote.address == remote.address;
}

// The initiator's next message, and all that follow, go over 4500 (RFC 3947, 4).
void Core::float_ports(Session& session) {
  if (!session.nat.any() || session.local.port == nat_traversal_port) return;
  session.local.port = nat_traversal_port;
  session.remote.port = nat_traversal_port;
}

void Core::follow(Session& session, const Datagram& authenticated) {
  session.unconfirmed = false;
  if (session.local == authenticated.local && session.remote == authenticated.remote) return;
  const auto old = session.remote;
  session.local = authenticated.local;
  session.remote = authenticated.remote;
  if (old == session.remote) return;
  if (session.sa)
    note(audit::peer_moved, {{"remote", old.to_string()}, {"to", session.remote.to_string()}},
         session.dialogue.correlation);
  move_pairs(old, session.remote);
  if (old.address == session.remote.address) return;
  const auto [begin, end] = by_remote_.equal_range(old.address);
  const auto at = std::find_if(begin, end, [&](const auto& entry) { return entry.second == session.id; });
  if (at != end) by_remote_.erase(at);
  by_remote_.emplace(session.remote.address, session.id);
}

// With another port the SAs stay. With another address they would not fit the policies they were made for.
void Core::move_pairs(const Endpoint& from, const Endpoint& to) {
  for (const auto id : pairs_.with_remote(from.address)) {
    auto* record = pairs_.find(id);
    if (!record->pair->udp || record->pair->udp->remote != from.port) continue;
    if (from.address != to.address) {
      drop_pair(id, true, "the peer has another address now");
      continue;
    }
    auto moved = std::make_shared<quick_mode::Pair>(*record->pair);
    moved->udp->remote = to.port;
    record->pair = moved;
    MoveSas action;
    for (const auto& key : sa_keys(*moved, record->complete)) {
      const bool out = key.source == moved->protection.local;
      action.sas.emplace_back(key, quick_mode::udp_ports(*moved->udp, out ? Direction::out : Direction::in));
    }
    actions_.emplace_back(std::move(action));
  }
}

void Core::peer_moved(const SaKey& key, const Endpoint& from, TimePoint now) {
  now_ = now;
  const auto* record = pairs_.find(key);
  if (record == nullptr || !record->pair->udp) return;
  const Endpoint old{record->pair->protection.remote, record->pair->udp->remote};
  if (old == from || old.address != from.address) return;  // another address: IKE must say so itself
  note(audit::peer_moved, {{"remote", old.to_string()}, {"to", from.to_string()}}, "");
  for (auto& [id, session] : sessions_)
    if (session.remote == old && session.sa) session.remote = from;
  move_pairs(old, from);
}

void Core::keepalive_due(TimePoint now) {
  std::set<std::pair<Endpoint, Endpoint>> paths;
  for (const auto& [id, session] : sessions_)
    if (session.sa && session.nat.ours) paths.insert({session.local, session.remote});
  for (const auto id : pairs_.where([](const PairRecord& record) { return record.pair->udp.has_value(); })) {
    const auto& pair = *pairs_.find(id)->pair;
    if (pair.udp->keep_alive)
      paths.insert({{pair.protection.local, pair.udp->local}, {pair.protection.remote, pair.udp->remote}});
  }
  for (const auto& [local, remote] : paths) actions_.emplace_back(SendDatagram{{local, remote, Bytes{keepalive_byte}}});
  if (!paths.empty()) timers_.arm({TimerKind::keepalive, 0, 0}, now + keepalive_interval);
}

Core::Ends Core::ends_of(const quick_mode::Pair& pair) {
  const auto& [local, remote] = std::tie(pair.protection.local, pair.protection.remote);
  if (pair.udp) return {{local, pair.udp->local}, {remote, pair.udp->remote}};
  return {{local, ike_port}, {remote, ike_port}};
}

// Where phase 1 begins: the port 500, unless what exists with this peer goes through translation; then there may be no
// other way to reach it.
Core::Ends Core::ends_to(const IpAddress& local, const IpAddress& remote) const {
  for (const auto id : pairs_.with_remote(remote))
    if (const auto& udp = pairs_.find(id)->pair->udp) return {{local, udp->local}, {remote, udp->remote}};
  return {{local, ike_port}, {remote, ike_port}};
}

}  // namespace ipsec9000::ike
