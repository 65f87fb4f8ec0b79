// Dead peer detection by traffic (RFC 3706): silence alone proves nothing, silence in answer to what we send is worth a
// question. A dead peer's SAs are dropped, so that the next packet negotiates anew instead of going nowhere.
#include "ike/engine_core.hpp"

namespace ipsec9000::ike {

void Core::traffic(const std::vector<TrafficSample>& samples, TimePoint now) {
  now_ = now;
  std::map<PairId, std::pair<std::uint64_t, std::uint64_t>> counted;  // packets in and out
  for (const auto& sample : samples) {
    const auto* record = pairs_.find(sample.key);
    if (record == nullptr || !record->complete) continue;
    const bool in = sample.key.destination == record->pair->protection.local &&
                    sample.key.source == record->pair->protection.remote;
    (in ? counted[record->id].first : counted[record->id].second) += sample.packets;
  }
  for (const auto& [id, packets] : counted) {
    auto* record = pairs_.find(id);
    if (record == nullptr) continue;  // dropped with its peer, a moment ago
    const auto [in, out] = packets;
    record->silent = in == record->packets_in && out != record->packets_out;
    record->packets_in = in;
    record->packets_out = out;
    if (record->silent && !record->retiring) check_liveness(*record, now);
  }
}

void Core::check_liveness(const PairRecord& pair, TimePoint now) {
  const auto& protection = pair.pair->protection;
  auto* session = usable_session(protection.local, protection.remote, false);
  // Without an ISAKMP SA there is nobody to ask: a new negotiation shows whether the peer lives, and replaces the pair.
  if (session == nullptr) return acquire(Protection{protection}, now);
  if (!session->sa->features.dead_peer_detection || session->probe) return;
  session->probe = Probe{random_.u32() & 0x7fffffff, 0};
  send_probe(*session, now);
}

void Core::send_probe(Session& session, TimePoint now) {
  if (!session.probe) return;
  if (session.probe->sent == probes) {
    const auto* youngest = usable_session(session.local.address, session.remote.address, false);
    // Only this ISAKMP SA is dead: a younger one came about meanwhile.
    if (youngest != nullptr && youngest->id != session.id) return remove_session(session.id);
    return peer_dead(session.remote.address, "it does not answer R-U-THERE");
  }
  ++session.probe->sent;
  send_informational(
      session, {wire::Notification{1, wire::protocol::isakmp, wire::notify::are_you_there, cookie_spi(session.cookies),
                                   Writer().u32(session.probe->sequence).take()}});
  timers_.arm({TimerKind::probe, static_cast<std::uint64_t>(session.id), 0}, now + probe_interval);
}

void Core::probe_answered(Session& session, const wire::Notification& answer) {
  if (!session.probe || Reader(answer.data).u32() != session.probe->sequence) return;
  session.probe.reset();
  timers_.cancel({TimerKind::probe, static_cast<std::uint64_t>(session.id), 0});
}

void Core::peer_dead(const IpAddress& remote, std::string_view reason) {
  note(audit::peer_dead, {{"remote", remote.to_string()}, {"reason", std::string(reason)}}, "");
  for (const auto id : pairs_.with_remote(remote)) drop_pair(id, false, "the peer is dead");
  std::vector<SessionId> doomed;
  const auto [begin, end] = by_remote_.equal_range(remote);
  for (auto at = begin; at != end; ++at)
    if (sessions_.at(at->second).sa) doomed.push_back(at->second);
  for (const auto id : doomed) remove_session(id);
}

}  // namespace ipsec9000::ike
