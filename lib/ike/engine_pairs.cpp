// SA pairs in the engine: what is wanted, what replaces what, what goes.
#include <algorithm>
#include <set>

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
  if (auto* answer = just_complete(PairKey::of(protection), now))
    answer->asked_again = now;
  else
    renew(protection, now);
}

// Negotiated with the peer while the kernel's question was on its way to us: the question is answered already. Or the
// pair is used up already, by a burst of more kilobytes than it may carry, and that news is still to come; then the
// kernel waits for an answer all the same.
PairRecord* Core::just_complete(const PairKey& key, TimePoint now) {
  for (const auto id : pairs_.with(key)) {
    auto* record = pairs_.find(id);
    if (record->complete && now - record->completed < acquire_delay) return record;
  }
  return nullptr;
}

void Core::renew(const Protection& protection, TimePoint now) {
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

std::string Core::correlation_of(const Protection& protection) const {
  const auto key = PairKey::of(protection);
  const auto [first, last] = by_remote_.equal_range(protection.remote);
  for (auto at = first; at != last; ++at) {
    const auto& session = sessions_.at(at->second);
    for (const auto& waiting : session.waiting)
      if (PairKey::of(waiting) == key) return session.dialogue.correlation;
    for (const auto& [message_id, exchange] : session.quick)
      if (exchange.negotiates == key) return exchange.dialogue.correlation;
  }
  return "";
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
  if (start_phase1(ends_to(protection.local, protection.remote), &protection, now) != nullptr) return;
  negotiating_.erase(key);
  acquire_failed(key);
}

void Core::acquire_failed(const PairKey& wanted) {
  const auto ids = pairs_.with(wanted);
  const bool served = std::any_of(ids.begin(), ids.end(), [&](PairId id) { return pairs_.find(id)->complete; });
  if (!served) actions_.emplace_back(AcquireFailed{wanted});
}

// Of pairs that serve the same traffic one is to stay, and both ends must keep the same one without a word about it.
//
// One of the two ends chooses: it keeps the pair that was complete there last, and deletes the others after a grace. A
// pair that this end began before another one is older than that, even if its last message came late. The other end
// reckons what the chooser keeps, by the order of the messages that complete pairs there (its message 2 as responder,
// its message 3 as initiator). It acts at once only on what is certain, a pair that was complete before it began the
// new one itself, and on the rest much later, if the Delete was lost and nothing has happened.
//
// With a choice at each end, by whatever rule, three pairs that cross can end as none: each end deletes another one.
void Core::give_rank(PairRecord& record) {
  const bool message_2_counted = !record.we_choose && record.pair->role == Role::responder;
  if (!message_2_counted) record.rank = ++order_;
  for (const auto id : pairs_.with(record.key())) {
    const auto& other = *pairs_.find(id);
    const bool begun_later = other.pair->role == record.pair->role && other.began_order > record.began_order;
    if (other.complete && begun_later) record.rank = std::min(record.rank, other.rank);
  }
}

void Core::pair_complete(PairId id, TimePoint now) {
  auto* record = pairs_.find(id);
  if (record == nullptr) return;
  record->complete = true;
  record->completed = now;
  record->completed_order = ++order_;
  give_rank(*record);
  const auto& pair = *record->pair;
  note(audit::qm_complete,
       {{"remote", pair.protection.remote.to_string()},
        {"policy", pair.protection.policy},
        {"spi_in", spi_text(pair.ours)},
        {"spi_out", spi_text(pair.peer)},
        {"transform", pair.transform.to_string()},
        {"role", std::string(to_string(pair.role))}},
       record->correlation);
  for (const auto other_id : pairs_.with(record->key())) {
    const auto* other = pairs_.find(other_id);
    if (other_id == id || !other->complete || other->retiring) continue;
    const auto& loser = record->outranks(*other) ? *other : *record;
    const bool certain =
        &loser == other && pair.role == Role::initiator && other->completed_order < record->began_order;
    retire(loser.id, record->we_choose || certain, now);
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
  const auto ids = pairs_.with(record->key());
  const bool another = std::any_of(ids.begin(), ids.end(), [&](PairId other) {
    return pairs_.find(other)->complete && pairs_.find(other)->outranks(*record);
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
         record->correlation);
  actions_.emplace_back(RemoveSas{std::move(keys)});
  pairs_.remove(id);
  if (!tell_peer) return;
  if (auto* session = usable_session(pair->protection.local, pair->protection.remote, false))
    send_delete(*session, *pair);
}

// By its hard limit here, or by the peer's Delete because of the limit there. A question of the kernel that it was
// taken to have answered is open again.
void Core::drop_used_up(PairId id, bool tell_peer, std::string_view reason, TimePoint now) {
  const auto* record = pairs_.find(id);
  const auto protection = record->pair->protection;
  const auto asked = record->asked_again;
  drop_pair(id, tell_peer, reason);
  if (!asked || now - *asked > 2 * acquire_delay) return;
  const auto others = pairs_.with(PairKey::of(protection));
  if (others.empty()) renew(protection, now);
  for (const auto other : others) pairs_.find(other)->asked_again = asked;  // they may be used up as well
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
       record->correlation);
  if (hard) return drop_used_up(record->id, true, "its lifetime ended", now);
  if (!record->complete || record->retiring || record->pair->transform.lifetime == Lifetime{0, 0}) return;
  const auto pair_key = record->key();
  for (const auto other : pairs_.with(pair_key))
    if (pairs_.find(other)->made > record->made) return;  // renewed already
  renew(Protection{record->pair->protection}, now);
}

void Core::sa_vanished(const SaKey& key, TimePoint now) {
  now_ = now;
  const auto* record = pairs_.find(key);
  if (record == nullptr) return;
  note(audit::sa_drift_repaired,
       {{"spi", hex8(static_cast<std::uint32_t>(key.spi))},
        {"source", key.source.to_string()},
        {"destination", key.destination.to_string()},
        {"protocol", std::to_string(static_cast<unsigned>(key.protocol))}},
       "");
  const bool wanted = record->complete && !record->retiring;
  const auto protection = record->pair->protection;
  drop_pair(record->id, true, "somebody else deleted it in part");
  if (wanted) acquire(protection, now);
}

void Core::sas_present(const std::vector<TrafficSample>& present, TimePoint now) {
  std::set<SaKey> keys;
  for (const auto& sample : present) keys.insert(sample.key);
  std::vector<SaKey> gone;
  for (const auto id : pairs_.where([](const PairRecord&) { return true; })) {
    const auto& record = *pairs_.find(id);
    for (const auto& key : sa_keys(*record.pair, record.complete))
      if (!keys.contains(key)) gone.push_back(key);
  }
  for (const auto& key : gone) sa_vanished(key, now);
}

Engine::Deleted Core::delete_peer(const IpAddress& remote, TimePoint now) {
  now_ = now;
  Engine::Deleted deleted;
  std::vector<SessionId> doomed;
  const auto [begin, end] = by_remote_.equal_range(remote);
  for (auto at = begin; at != end; ++at) {
    auto& session = sessions_.at(at->second);
    if (!session.farewell || session.sa) {
      doomed.push_back(at->second);
      continue;
    }
    deleted.telling[session.farewell->number] += session.farewell->sas();
    abandon_waiting(session);  // what it was to be used for besides
  }
  std::set<Ends> impossible;
  for (const auto id : pairs_.with_remote(remote)) {
    const auto& record = *pairs_.find(id);
    const auto pair = record.pair;
    const auto count = sa_keys(*pair, record.complete).size();
    deleted.ipsec_sas += count;
    if (usable_session(pair->protection.local, remote, false) != nullptr) {
      drop_pair(id, true, "by the administrator");
      continue;
    }
    auto* session = impossible.contains(ends_of(*pair)) ? nullptr : farewell_session(*pair, now);
    if (session == nullptr) {
      impossible.insert(ends_of(*pair));
      deleted.untold += count;
    } else {
      session->farewell->pairs.push_back(pair);
      deleted.telling[session->farewell->number] += count;
    }
    drop_pair(id, false, "by the administrator");
  }
  if (deleted.untold != 0)
    note(audit::delete_untold, {{"remote", remote.to_string()}, {"count", std::to_string(deleted.untold)}}, "");
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
  auto* record = pairs_.find(pairs_.add(std::move(pair), true, made, made));
  record->completed = made;
  record->we_choose = adopted.protection.local < adopted.protection.remote;
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
