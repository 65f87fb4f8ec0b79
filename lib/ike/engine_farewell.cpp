// Deletes for SA pairs that no ISAKMP SA is there to protect (RFC 2408, 5.15): one is negotiated for them. It is not
// kept for anything else, unless somebody waits for it meanwhile.
#include "ike/engine_core.hpp"

namespace ipsec9000::ike {

namespace {
std::size_t count_sas(const std::vector<std::shared_ptr<const quick_mode::Pair>>& pairs) {
  std::size_t count = 0;
  for (const auto& pair : pairs) count += sa_keys(*pair).size();
  return count;
}
}  // namespace

Session* Core::farewell_session(const IpAddress& local, const IpAddress& remote, TimePoint now) {
  const auto [begin, end] = by_remote_.equal_range(remote);
  for (auto at = begin; at != end; ++at) {
    auto& session = sessions_.at(at->second);
    if (!session.farewells.empty() && session.local.address == local) return &session;
  }
  return start_phase1(local, remote, nullptr, now);
}

// The last message of Aggressive Mode may still be weighed when a Delete arrives, and nobody would ask for that again.
void Core::farewell_possible(Session& session, TimePoint now) {
  if (session.farewells.empty()) return;
  if (!session.unconfirmed) return say_farewell(session);
  timers_.arm({TimerKind::farewell, number(session.id), 0}, now + retire_grace);
}

void Core::say_farewell(Session& session) {
  const auto pairs = std::exchange(session.farewells, {});
  for (const auto& pair : pairs) send_delete(session, *pair);
  const auto remote = session.remote.address;
  const auto count = count_sas(pairs);
  note(audit::delete_sent, {{"remote", remote.to_string()}, {"count", std::to_string(count)}},
       session.dialogue.correlation);
  actions_.emplace_back(FarewellEnded{remote, count, 0});
  if (session.waiting.empty() && session.quick.empty()) close_session(session.id, now_);
}

void Core::farewell_in_vain(Session& session) {
  if (session.farewells.empty()) return;
  const auto count = count_sas(std::exchange(session.farewells, {}));
  note(audit::delete_untold, {{"remote", session.remote.address.to_string()}, {"count", std::to_string(count)}},
       session.dialogue.correlation);
  actions_.emplace_back(FarewellEnded{session.remote.address, 0, count});
}

}  // namespace ipsec9000::ike
