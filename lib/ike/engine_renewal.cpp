// ISAKMP SAs are replaced before they end, as long as SAs hang on them: some peers (strongSwan) drop those together
// with the ISAKMP SA that made them, unless a newer one with the same peer is there to take them over.
#include <algorithm>
#include <tuple>

#include "ike/engine_core.hpp"

namespace ipsec9000::ike {

// The initiator well before the responder, so that one end does it and the other only if that does not; a little chance
// keeps many that were made at once from being renewed at once.
void Core::plan_renewal(const Session& session, TimePoint now) {
  const auto lifetime = session.sa->choice.lifetime;
  if (lifetime == 0) return;
  const auto percent = session.role == Role::initiator ? 80 + random_.u32() % 8 : 95;
  timers_.arm({TimerKind::renew_session, number(session.id), 0}, now + seconds(lifetime) * percent / 100);
  timers_.arm({TimerKind::session_end, number(session.id), 0}, now + seconds(lifetime));
}

void Core::renewal_due(const Session& session, TimePoint now) {
  if (session.closing || policy_for(session.remote.address) == nullptr) return;
  const auto local = session.local.address, remote = session.remote.address;
  const auto pairs = pairs_.with_remote(remote);
  const bool wanted = std::any_of(pairs.begin(), pairs.end(),
                                  [&](PairId id) { return pairs_.find(id)->pair->protection.local == local; });
  const auto [begin, end] = by_remote_.equal_range(remote);
  // A younger one that the other end has made, or one that we have begun. What others have begun only may be anything:
  // an echo of the last negotiation, or forged.
  const bool there = std::any_of(begin, end, [&](const auto& entry) {
    const auto& other = sessions_.at(entry.second);
    const bool younger = std::tie(other.established, other.id) > std::tie(session.established, session.id);
    const bool ours = !other.sa && other.role == Role::initiator;
    return other.local.address == local && !other.closing && (ours || (other.sa && younger));
  });
  if (!wanted || there) return;
  if (auto* successor = start_phase1(ends_to(local, remote), nullptr, now)) successor->renews = true;
}

// Of an ISAKMP SA that was made to replace others, all; of any other one, those that have had their Quick Modes.
void Core::retire_predecessors(const Session& session, TimePoint now) {
  const auto [begin, end] = by_remote_.equal_range(session.remote.address);
  for (auto at = begin; at != end; ++at) {
    auto& other = sessions_.at(at->second);
    const bool same_peer =
        other.sa && other.local.address == session.local.address && other.sa->peer == session.sa->peer;
    if (!same_peer || other.id >= session.id || other.closing || !(session.renews || !has_room(other))) continue;
    other.closing = true;
    timers_.arm({TimerKind::session_end, number(other.id), 0}, now + retire_grace);
  }
}

void Core::session_end_due(Session& session, TimePoint now) {
  // A Quick Mode that we began before the successor came is to end well.
  const bool busy = std::any_of(session.quick.begin(), session.quick.end(),
                                [](const auto& exchange) { return exchange.second.negotiates.has_value(); });
  if (!session.closing || !busy) return close_session(session.id, now);
  timers_.arm({TimerKind::session_end, number(session.id), 0}, now + retire_grace);
}

}  // namespace ipsec9000::ike
