// Deletes for SA pairs that no ISAKMP SA is there to protect (RFC 2408, 5.15): one is negotiated for them. It is not
// kept for anything else, unless somebody waits for it meanwhile.
#include "ike/engine_core.hpp"

namespace ipsec9000::ike {

std::size_t Farewell::sas() const {
  std::size_t count = 0;
  for (const auto& pair : pairs) count += sa_keys(*pair).size();
  return count;
}

std::size_t Engine::Deleted::being_told() const {
  std::size_t count = 0;
  for (const auto& [farewell, sas] : telling) count += sas;
  return count;
}

Session* Core::farewell_session(const quick_mode::Pair& pair, TimePoint now) {
  const auto ends = ends_of(pair);
  const auto [begin, end] = by_remote_.equal_range(ends.second.address);
  for (auto at = begin; at != end; ++at) {
    auto& session = sessions_.at(at->second);
    // By the ports too: behind address translation there may be several peers.
    if (session.farewell && !session.sa && ends_of(*session.farewell->pairs.front()) == ends) return &session;
  }
  auto* session = start_phase1(ends, nullptr, now);
  if (session != nullptr) session->farewell = Farewell{++last_farewell_, {}};
  return session;
}

// The peer has begun one with us at the same time: whichever is there first will do.
void Core::take_over_farewells(Session& session) {
  if (session.farewell || session.nat.peers) return;
  const auto [begin, end] = by_remote_.equal_range(session.remote.address);
  for (auto at = begin; at != end; ++at) {
    auto& other = sessions_.at(at->second);
    if (other.id == session.id || !other.farewell || other.sa || other.local.address != session.local.address) continue;
    session.farewell = std::exchange(other.farewell, std::nullopt);
    return;
  }
}

// The last message of Aggressive Mode may still be weighed when a Delete arrives, and nobody would ask for that again.
void Core::farewell_possible(Session& session, TimePoint now) {
  if (!session.farewell) return;
  if (!session.unconfirmed) return say_farewell(session);
  timers_.arm({TimerKind::farewell, number(session.id), 0}, now + retire_grace);
}

void Core::say_farewell(Session& session) {
  const auto farewell = std::exchange(session.farewell, std::nullopt);
  if (!farewell) return;
  if (session.unconfirmed) send_message(session, session.dialogue.last_sent);  // it may have been lost
  for (const auto& pair : farewell->pairs) send_delete(session, *pair);
  note(audit::delete_sent, {{"remote", farewell->remote().to_string()}, {"count", std::to_string(farewell->sas())}},
       session.dialogue.correlation);
  actions_.emplace_back(FarewellEnded{farewell->number, true});
  // The peer's own is for something else.
  if (session.role == Role::initiator && session.waiting.empty() && session.quick.empty())
    close_session(session.id, now_);
}

void Core::farewell_in_vain(Session& session) {
  const auto farewell = std::exchange(session.farewell, std::nullopt);
  if (!farewell) return;
  note(audit::delete_untold, {{"remote", farewell->remote().to_string()}, {"count", std::to_string(farewell->sas())}},
       session.dialogue.correlation);
  actions_.emplace_back(FarewellEnded{farewell->number, false});
}

void Core::give_up_farewells(TimePoint now) {
  now_ = now;
  std::vector<SessionId> doomed;
  for (const auto& [id, session] : sessions_)
    if (session.farewell) doomed.push_back(id);
  for (const auto id : doomed) close_session(id, now);
}

}  // namespace ipsec9000::ike
