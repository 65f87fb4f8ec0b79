// SA pairs in the engine: what is wanted, what replaces what, what goes.
#include <algorithm>

#include "base/text.hpp"
#include "ike/engine_core.hpp"

namespace ipsec9000::ike {

namespace {
std::string spi_text(const Spis& spis) {
  std::vector<std::string> parts;
  if (spis.ah) parts.push_back(hex8(static_cast<std::uint32_t>(*spis.ah)));
  if (spis.esp) parts.push_back(hex8(static_cast<std::uint32_t>(*spis.esp)));
  return join(parts, "+");
}
}  // namespace

void Core::acquire(const Protection& protection, TimePoint now) {
  now_ = now;
  if (negotiating_.contains(PairKey::of(protection))) return;
  // The peer may be negotiating just this with us: then two pairs would be one too many.
  const auto [first, last] = by_remote_.equal_range(protection.remote);
  for (auto at = first; at != last; ++at) {
    for (auto& [message_id, exchange] : sessions_.at(at->second).quick) {
      const auto* answered = std::get_if<quick_mode::Answered>(&exchange.state);
      if (answered == nullptr || PairKey::of(answered->pair->protection) != PairKey::of(protection)) continue;
      exchange.wanted = protection;
      return;
    }
  }
  begin(protection, now);
}

void Core::begin(const Protection& protection, TimePoint now) {
  const auto key = PairKey::of(protection);
  if (negotiating_.contains(key)) return;
  if (auto* session = usable_session(protection.local, protection.remote, true)) {
    start_quick(*session, protection, now);
    return;
  }
  const auto [first, last] = by_remote_.equal_range(protection.remote);
  for (auto at = first; at != last; ++at) {
    auto& session = sessions_.at(at->second);
    if (session.sa || session.role != Role::initiator || session.local.address != protection.local) continue;
    session.waiting.push_back(protection);
    negotiating_.insert(key);
    return;
  }
  negotiating_.insert(key);
  if (!start_phase1(protection, now)) negotiating_.erase(key);
}

// Of pairs that serve the same traffic one is to stay, and both ends must keep the same one without a word about it.
//
// A pair that was complete before the new one's negotiation began is replaced by it. Else the two crossed, and the one
// with the lowest nonce, which both ends know, goes. The two ends may disagree whether pairs crossed, since each goes
// by its own clock, but in one way only: when the new pair's initiator says "replaced", its responder had completed the
// old one even earlier in its own time and says so too. So whoever is the initiator (of the new pair; of the loser,
// where they crossed) acts at once. The other end acts much later, if the Delete was lost and nothing has happened.
void Core::pair_complete(PairId id, TimePoint now) {
  auto* record = pairs_.find(id);
  if (record == nullptr) return;
  record->complete = true;
  record->completed_order = ++order_;
  const auto& pair = *record->pair;
  note(audit::qm_complete,
       {{"remote", pair.protection.remote.to_string()},
        {"policy", pair.protection.policy},
        {"spi_in", spi_text(pair.ours)},
        {"spi_out", spi_text(pair.peer)},
        {"transform", pair.transform.to_string()},
        {"role", std::string(to_string(pair.role))}},
       "");
  for (const auto other_id : pairs_.with(record->key())) {
    const auto* other = pairs_.find(other_id);
    if (other_id == id || !other->complete || other->retiring) continue;
    const bool crossed = other->completed_order > record->began_order && other->pair->role != pair.role;
    const auto& nonce = pair.lowest_nonce;
    const auto& other_nonce = other->pair->lowest_nonce;
    const bool new_one_goes =
        crossed && std::lexicographical_compare(nonce.begin(), nonce.end(), other_nonce.begin(), other_nonce.end());
    const auto* loser = new_one_goes ? record : other;
    const bool ours_to_act = (crossed ? loser->pair->role : pair.role) == Role::initiator;
    retire(loser->id, ours_to_act, now);
    if (new_one_goes) return;
  }
}

void Core::retire(PairId id, bool ours_to_act, TimePoint now) {
  auto* record = pairs_.find(id);
  if (record == nullptr || record->retiring) return;
  record->retiring = ours_to_act;
  timers_.arm({TimerKind::retire_pair, static_cast<std::uint64_t>(id), 0},
              now + (ours_to_act ? retire_grace : retire_patience));
}

void Core::retirement_due(PairId id) {
  const auto* record = pairs_.find(id);
  if (record == nullptr) return;
  const auto keys = pairs_.with(record->key());
  const bool another = std::any_of(keys.begin(), keys.end(), [&](PairId other) {
    return other != id && pairs_.find(other)->complete && !pairs_.find(other)->retiring;
  });
  // What was to replace it may be gone meanwhile; then it stays.
  if (another) return drop_pair(id, true, "replaced by a new pair");
  pairs_.find(id)->retiring = false;
}

void Core::drop_pair(PairId id, bool tell_peer, std::string_view reason) {
  const auto* record = pairs_.find(id);
  if (record == nullptr) return;
  const auto pair = record->pair;
  const bool complete = record->complete;
  timers_.cancel({TimerKind::retire_pair, static_cast<std::uint64_t>(id), 0});
  auto keys = sa_keys(*pair, complete);
  for (const auto& key : keys)
    note(audit::sa_deleted,
         {{"spi", hex8(static_cast<std::uint32_t>(key.spi))},
          {"source", key.source.to_string()},
          {"destination", key.destination.to_string()},
          {"protocol", std::to_string(static_cast<unsigned>(key.protocol))},
          {"reason", std::string(reason)}},
         "");
  actions_.emplace_back(RemoveSas{std::move(keys)});
  pairs_.remove(id);
  if (!tell_peer) return;
  if (auto* session = usable_session(pair->protection.local, pair->protection.remote, false))
    send_delete(*session, *pair);
}

void Core::install_failed(PairId id, const std::string& reason, TimePoint now) {
  now_ = now;
  const auto* record = pairs_.find(id);
  if (record == nullptr) return;
  FailureRecord failure;
  failure.remote = record->pair->protection.remote.to_string();
  failure.phase = "quick";
  failure.policy = record->pair->protection.policy;
  failure.reason = "kernel-refused";
  failure.text = "The kernel refused the SA: " + reason;
  actions_.emplace_back(ReportFailure{std::move(failure)});
  drop_pair(id, true, "the kernel refused it");
}

void Core::sa_expired(const SaKey& key, bool hard, TimePoint now) {
  now_ = now;
  const auto* record = pairs_.find(key);
  if (record == nullptr) return;
  note(audit::sa_expired,
       {{"kind", hard ? "hard" : "soft"},
        {"spi", hex8(static_cast<std::uint32_t>(key.spi))},
        {"source", key.source.to_string()},
        {"destination", key.destination.to_string()},
        {"protocol", std::to_string(static_cast<unsigned>(key.protocol))}},
       "");
  if (hard) return drop_pair(record->id, true, "its lifetime ended");
  if (!record->complete || record->retiring || record->pair->transform.lifetime == Lifetime{0, 0}) return;
  const auto pair_key = record->key();
  for (const auto other : pairs_.with(pair_key))
    if (pairs_.find(other)->made > record->made) return;  // renewed already
  acquire(Protection{record->pair->protection}, now);
}

Engine::Deleted Core::delete_peer(const IpAddress& remote, TimePoint now) {
  now_ = now;
  Engine::Deleted deleted;
  for (const auto id :
       pairs_.where([&](const PairRecord& record) { return record.pair->protection.remote == remote; })) {
    deleted.ipsec_sas += sa_keys(*pairs_.find(id)->pair, pairs_.find(id)->complete).size();
    drop_pair(id, true, "by the administrator");
  }
  std::vector<SessionId> doomed;
  const auto [begin, end] = by_remote_.equal_range(remote);
  for (auto at = begin; at != end; ++at) doomed.push_back(at->second);
  for (const auto id : doomed) {
    if (find_session(id)->sa) ++deleted.isakmp_sas;
    close_session(id, now);
  }
  return deleted;
}

void Core::forget(const std::vector<std::uint32_t>& reqids, TimePoint now) {
  now_ = now;
  const auto named = [&](std::uint32_t reqid) {
    return std::find(reqids.begin(), reqids.end(), reqid) != reqids.end();
  };
  for (const auto id : pairs_.where([&](const PairRecord& record) { return named(record.pair->protection.reqid); }))
    drop_pair(id, true, "its policy is gone");
}

void Core::adopt(const AdoptedPair& adopted, TimePoint now) {
  now_ = now;
  auto pair = std::make_shared<quick_mode::Pair>();
  pair->protection = adopted.protection;
  if (!adopted.protection.transforms.empty()) pair->transform = adopted.protection.transforms.front();
  pair->ours = {adopted.in_ah, adopted.in_esp};
  pair->peer = {adopted.out_ah, adopted.out_esp};
  pair->role = Role::responder;
  // Who is behind translation, the kernel does not know: to keep it fresh does no harm.
  if (adopted.udp) pair->udp = quick_mode::UdpPath{adopted.udp->destination, adopted.udp->source, true};
  if (adopted.udp) timers_.arm({TimerKind::keepalive, 0, 0}, now + keepalive_interval);
  const auto made = now - seconds(adopted.age_seconds);
  pairs_.add(std::move(pair), true, made, made);
}

// An authenticated peer says that it has nothing with us but this: what is older than this negotiation is dead there.
void Core::initial_contact(const Session& session) {
  const auto remote = session.remote.address;
  const auto began = session.dialogue.began;
  // Several peers may share an address where it is translated; then it takes the identity to tell them apart.
  const auto of_this_peer = [&](const PairRecord& record) {
    return record.pair->protection.remote == remote && (!session.nat.peers || record.peer == session.sa->peer);
  };
  for (const auto id :
       pairs_.where([&](const PairRecord& record) { return of_this_peer(record) && record.made < began; }))
    drop_pair(id, false, "INITIAL-CONTACT");
  std::vector<SessionId> doomed;
  const auto [begin, end] = by_remote_.equal_range(remote);
  for (auto at = begin; at != end; ++at) {
    const auto& other = sessions_.at(at->second);
    const bool same_peer = other.sa && (!session.nat.peers || other.sa->peer == session.sa->peer);
    if (same_peer && other.id != session.id && other.established < began) doomed.push_back(other.id);
  }
  for (const auto id : doomed) remove_session(id);
}

}  // namespace ipsec9000::ike
