#include "ike/engine.hpp"

#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "ike/engine_core.hpp"
#include "wire/describe.hpp"

namespace ipsec9000::ike {

namespace {
constexpr unsigned notes_per_second = 50;  // of records that strangers can cause

bool is_first_message(const wire::Header& header) {
  return header.cookies.responder == wire::Cookie{} &&
         (header.exchange == wire::ExchangeType::main_mode || header.exchange == wire::ExchangeType::aggressive);
}
}  // namespace

void Core::receive(const Datagram& arrived, TimePoint now) {
  now_ = now;
  if (is_keepalive(arrived.bytes)) return;
  const auto message = unframe(arrived.local.port, arrived.bytes);
  if (!message) {
    if (allowed_to_note(audit::bad_packet, now))
      note(audit::bad_packet, {{"remote", arrived.remote.to_string()}, {"reason", "no ISAKMP message on UDP 4500"}},
           "");
    return;
  }
  const Datagram datagram{arrived.local, arrived.remote, to_bytes(*message)};
  auto header = wire::decode_header(datagram.bytes);
  const auto drop = [&](const AuditEvent& event, const std::string& reason) {
    if (allowed_to_note(event, now)) note(event, {{"remote", datagram.remote.to_string()}, {"reason", reason}}, "");
  };
  if (!header) return drop(audit::bad_packet, header.error().text);
  if ((header->version >> 4) != 1)
    return drop(audit::bad_packet, "IKE major version " + std::to_string(header->version >> 4));
  if (header->cookies.initiator == wire::Cookie{}) return drop(audit::bad_packet, "the initiator's cookie is zero");
  if (auto* session = find_session(*header, datagram)) return dispatch(*session, *header, datagram, now);
  if (is_first_message(*header) && !header->encrypted()) return first_message(*header, datagram, now);
  drop(audit::unexpected_message, wire::describe(*header, nullptr) + " for an ISAKMP SA that is not known here");
  unknown_session(*header, datagram, now);
}

void Core::dispatch(Session& session, const wire::Header& header, const Datagram& datagram, TimePoint now) {
  if (header.next_payload == wire::PayloadType::fragment) return receive_fragment(session, header, datagram, now);
  switch (header.exchange) {
    case wire::ExchangeType::main_mode:
    case wire::ExchangeType::aggressive:
      return receive_phase1(session, header, datagram, now);
    case wire::ExchangeType::quick_mode:
      return receive_quick_mode(session, header, datagram, now);
    case wire::ExchangeType::informational:
      return receive_informational(session, header, datagram, now);
    default:
      break;
  }
  if (allowed_to_note(audit::unexpected_message, now))
    note(audit::unexpected_message,
         {{"remote", datagram.remote.to_string()}, {"reason", wire::describe(header, nullptr) + " is not done here"}},
         session.dialogue.correlation);
}

Session* Core::find_session(SessionId id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

Session* Core::find_session(const wire::Header& header, const Datagram& datagram) {
  if (is_first_message(header)) {  // perhaps one we have answered
    const auto found = half_open_.find({datagram.remote, header.cookies.initiator});
    return found == half_open_.end() ? nullptr : find_session(found->second);
  }
  for (const auto ours : {header.cookies.initiator, header.cookies.responder}) {
    const auto found = by_cookie_.find(static_cast<std::uint64_t>(ours));
    Session* session = found == by_cookie_.end() ? nullptr : find_session(found->second);
    if (session == nullptr || !may_come_from(*session, datagram.remote)) continue;
    const bool unanswered = session->role == Role::initiator && session->cookies.responder == wire::Cookie{};
    if (session->cookies == header.cookies || (unanswered && session->cookies.initiator == header.cookies.initiator))
      return session;
  }
  return nullptr;
}

void Core::send(const Session& session, const Bytes& bytes) {
  actions_.emplace_back(SendDatagram{{session.local, session.remote, frame(session.local.port, bytes)}});
}

void Core::note(const AuditEvent& event, const AuditFields& fields, const std::string& correlation) {
  auto record = make_record(event, fields);
  record.correlation = correlation;
  actions_.emplace_back(WriteAudit{std::move(record)});
}

bool Core::allowed_to_note(const AuditEvent& event, TimePoint now) {
  if (event.level == AuditLevel::alert) return true;
  if (now - note_window_ >= seconds(1)) {
    note_window_ = now;
    notes_in_window_ = 0;
  }
  return notes_in_window_++ < notes_per_second;
}

bool Core::is_repeated(Session& session, Dialogue& dialogue, const Bytes& digest) {
  if (digest == dialogue.refused) return true;
  if (digest != dialogue.last_received) return false;
  if (!dialogue.last_sent.empty()) send_message(session, dialogue.last_sent);
  return true;
}

void Core::job_done(JobId id, const Result<JobOutcome>& outcome, TimePoint now) {
  now_ = now;
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;  // its negotiation ended meanwhile
  const auto [session_id, message_id] = found->second;
  jobs_.erase(found);
  auto* session = find_session(session_id);
  if (session == nullptr) return;
  if (message_id == 0) {
    const auto done = [&](const auto& event) { advance_phase1(*session, event, nullptr, {}, now); };
    if (outcome) return std::visit(done, *outcome);
    FailureRecord failure;
    failure.reason = "key-exchange-failed";
    failure.text = outcome.error().text;
    return fail_phase1(session_id, audit::mm_failed, {{"reason", outcome.error().text}}, std::move(failure), now);
  }
  const auto exchange = session->quick.find(message_id);
  if (exchange == session->quick.end()) return;
  if (outcome) {
    if (const auto* dh = std::get_if<DhOutcome>(&*outcome))
      advance_quick(*session, exchange->second, *dh, nullptr, {}, now);
    return;
  }
  FailureRecord failure;
  failure.reason = "key-exchange-failed";
  failure.text = outcome.error().text;
  fail_quick(*session, message_id, audit::qm_failed, {{"reason", outcome.error().text}}, std::move(failure), now);
}

void Core::policy_answered(QueryId id, const Result<Protection>& answer, TimePoint now) {
  now_ = now;
  const auto found = queries_.find(id);
  if (found == queries_.end()) return;
  const auto [session_id, message_id] = found->second;
  queries_.erase(found);
  auto* session = find_session(session_id);
  if (session == nullptr) return;
  const auto exchange = session->quick.find(message_id);
  if (exchange == session->quick.end()) return;
  if (answer) {
    exchange->second.policy = answer->policy;
    exchange->second.place = answer->place;
    return advance_quick(*session, exchange->second, *answer, nullptr, {}, now);
  }
  Refusal refusal;
  refusal.event = &audit::no_policy_for_peer;
  refusal.fields = {{"kind", "IPSec"}, {"selector", answer.error().text}};
  refusal.reason = answer.error().code == ErrorCode::not_running ? "policy-manager-not-running" : "no-policy";
  const auto* asking = std::get_if<quick_mode::AskingPolicy>(&exchange->second.state);
  if (refusal.reason == "no-policy" && asking != nullptr)
    refusal.difference = {"selector", asking->request->query.proposed.to_string(), answer.error().text};
  refusal.notify = wire::notify::invalid_id_information;
  refusal.fatal = true;
  refuse_quick(*session, exchange->second, refusal, {}, now);
}

void Core::on_timer(TimePoint now) {
  now_ = now;
  while (auto due = timers_.take_due(now)) {
    const auto id = static_cast<SessionId>(due->owner);
    auto* session = due->kind == TimerKind::retire_pair ? nullptr : find_session(id);
    switch (due->kind) {
      case TimerKind::retire_pair:
        retirement_due(static_cast<PairId>(due->owner));
        break;
      case TimerKind::retransmit:
        if (session != nullptr) retransmission_due(*session, due->message_id, now);
        break;
      case TimerKind::give_up:
        if (session != nullptr) phase1_timeout(*session, now);
        break;
      case TimerKind::linger:
        if (session == nullptr) break;
        if (due->message_id == 0)
          session->negotiation.reset();
        else
          session->quick.erase(due->message_id);
        break;
      case TimerKind::keepalive:
        keepalive_due(now);
        break;
      case TimerKind::probe:
        if (session != nullptr) send_probe(*session, now);
        break;
      case TimerKind::renew_session:
        if (session != nullptr) renewal_due(*session, now);
        break;
      case TimerKind::farewell:
        if (session != nullptr) say_farewell(*session);
        break;
      case TimerKind::session_end:
        if (session != nullptr) session_end_due(*session, now);
        break;
    }
  }
}

void Core::retransmission_due(Session& session, std::uint32_t message_id, TimePoint now) {
  const auto exchange = session.quick.find(message_id);
  if (message_id != 0 && exchange == session.quick.end()) return;
  auto& dialogue = message_id == 0 ? session.dialogue : exchange->second.dialogue;
  if (!dialogue.retransmission.running()) return;
  if (dialogue.retransmission.again(now)) {
    // The last message of Aggressive Mode may have been lost, and then the peer cannot read this one.
    if (message_id != 0 && session.unconfirmed) send_message(session, session.dialogue.last_sent);
    send_message(session, dialogue.last_sent);
    timers_.arm({TimerKind::retransmit, number(session.id), message_id}, dialogue.retransmission.next());
  } else if (message_id == 0) {
    phase1_timeout(session, now);
  } else {
    quick_timeout(session, exchange->second, now);
  }
}

void Core::abandon_waiting(Session& session) {
  for (const auto& waiting : std::exchange(session.waiting, {})) {
    negotiating_.erase(PairKey::of(waiting));
    acquire_failed(PairKey::of(waiting));
  }
}

void Core::remove_session(SessionId id) {
  auto* session = find_session(id);
  if (session == nullptr) return;
  farewell_in_vain(*session);
  std::vector<PairKey> in_vain;
  for (const auto& [message_id, exchange] : session->quick) {
    if (exchange.negotiates) in_vain.push_back(*exchange.negotiates);
    if (exchange.wanted) acquire_failed(PairKey::of(*exchange.wanted));
    for (const auto spi : exchange.reserved) reserved_spis_.erase(spi);
    for (const auto kind : {TimerKind::retransmit, TimerKind::linger}) timers_.cancel({kind, number(id), message_id});
    if (exchange.half) drop_pair(*exchange.half, false, "its negotiation ended");
  }
  abandon_waiting(*session);
  for (const auto& key : in_vain) {
    negotiating_.erase(key);
    acquire_failed(key);
  }
  for (const auto kind : {TimerKind::retransmit, TimerKind::give_up, TimerKind::linger, TimerKind::renew_session,
                          TimerKind::session_end, TimerKind::probe, TimerKind::farewell})
    timers_.cancel({kind, number(id), 0});
  const auto ours = session->role == Role::initiator ? session->cookies.initiator : session->cookies.responder;
  by_cookie_.erase(static_cast<std::uint64_t>(ours));
  no_longer_half_open(*session);
  const auto [begin, end] = by_remote_.equal_range(session->remote.address);
  for (auto at = begin; at != end; ++at) {
    if (at->second != id) continue;
    by_remote_.erase(at);
    break;
  }
  sessions_.erase(id);
}

void Core::shutdown(TimePoint now) {
  now_ = now;
  for (const auto id : pairs_.where([](const PairRecord&) { return true; })) drop_pair(id, true, "shutdown");
  while (!sessions_.empty()) close_session(sessions_.begin()->first, now);
}

std::vector<MadEntry> Core::isakmp_sas(TimePoint now) const {
  std::vector<MadEntry> entries;
  for (const auto& [id, session] : sessions_) {
    if (!session.sa) continue;
    const auto& choice = session.sa->choice;
    MadEntry entry;
    entry.role = to_string(session.role);
    entry.local = session.local.address.to_string();
    entry.remote = session.remote.address.to_string();
    entry.state = session.closing ? "expiring" : "established";
    entry.initiator_cookie = hex16(static_cast<std::uint64_t>(session.cookies.initiator));
    entry.responder_cookie = hex16(static_cast<std::uint64_t>(session.cookies.responder));
    entry.group = info(choice.proposal.group).name;
    entry.authentication_method = to_string(choice.authentication);
    entry.encryption = info(choice.proposal.encryption).shown;
    entry.hash = info(choice.proposal.hash).name;
    entry.quick_modes = session.quick_modes;
    entry.age = static_cast<std::uint64_t>(std::chrono::duration_cast<seconds>(now - session.established).count());
    entry.lifetime = choice.lifetime;
    entry.policy = session.policy->name;
    entries.push_back(std::move(entry));
  }
  return entries;
}

Counters Core::counters() const {
  Counters counters;
  counters.pairs = pairs_.size();
  for (const auto id : pairs_.where([](const PairRecord&) { return true; }))
    counters.ipsec_sas += sa_keys(*pairs_.find(id)->pair, pairs_.find(id)->complete).size();
  for (const auto& [id, session] : sessions_) {
    ++(session.sa ? counters.isakmp_sas : counters.negotiating);
    for (const auto& [message_id, exchange] : session.quick)
      if (!std::holds_alternative<quick_mode::Done>(exchange.state)) ++counters.quick_modes;
  }
  return counters;
}

std::optional<std::string> Core::inconsistency() const {
  if (by_cookie_.size() != sessions_.size()) return "every session has one cookie of ours";
  if (by_remote_.size() != sessions_.size()) return "every session is listed by its peer";
  std::size_t negotiating = 0;
  for (const auto& [id, session] : sessions_) {
    negotiating += session.waiting.size();
    for (const auto& [message_id, exchange] : session.quick) negotiating += exchange.negotiates ? 1 : 0;
    if (!session.sa && !session.negotiation) return "a session is under way or established";
  }
  if (negotiating != negotiating_.size()) return "what is being negotiated is listed once";
  if (half_open_.size() != half_open_ids_.size()) return "half-open negotiations are listed twice";
  for (const auto& [where, id] : half_open_)
    if (!sessions_.contains(id)) return "a half-open entry without a session";
  return std::nullopt;
}

Engine::Engine(RandomSource& random, const Credentials& credentials, Limits limits)
    : core_(std::make_unique<Core>(random, credentials, limits)) {}
Engine::~Engine() = default;

void Engine::configure(std::vector<IsakmpPolicy> policies) {
  core_->policies_.clear();
  for (auto& policy : policies) core_->policies_.push_back(std::make_shared<const IsakmpPolicy>(std::move(policy)));
}

void Engine::receive(const Datagram& datagram, TimePoint now) {
  const auto position = core_->actions_.size();
  core_->receive(datagram, now);
  core_->trace_before(position, datagram);
}
void Engine::trace(bool on) { core_->transcript_->turn(on); }
void Engine::acquire(const Protection& protection, TimePoint now) { core_->acquire(protection, now); }
std::string Engine::correlation_of(const Protection& protection) const { return core_->correlation_of(protection); }
void Engine::job_done(JobId id, const Result<JobOutcome>& outcome, TimePoint now) { core_->job_done(id, outcome, now); }
void Engine::policy_answered(QueryId id, const Result<Protection>& answer, TimePoint now) {
  core_->policy_answered(id, answer, now);
}
void Engine::install_failed(PairId pair, const std::string& reason, TimePoint now) {
  core_->install_failed(pair, reason, now);
}
void Engine::sa_vanished(const SaKey& key, TimePoint now) { core_->sa_vanished(key, now); }
void Engine::sas_present(const std::vector<TrafficSample>& present, TimePoint now) { core_->sas_present(present, now); }
void Engine::sa_expired(const SaKey& key, bool hard, TimePoint now) { core_->sa_expired(key, hard, now); }
void Engine::traffic(const std::vector<TrafficSample>& samples, TimePoint now) { core_->traffic(samples, now); }
void Engine::peer_moved(const SaKey& key, const Endpoint& from, TimePoint now) { core_->peer_moved(key, from, now); }
void Engine::on_timer(TimePoint now) { core_->on_timer(now); }
std::optional<TimePoint> Engine::next_deadline() const { return core_->timers_.next(); }
Engine::Deleted Engine::delete_peer(const IpAddress& remote, TimePoint now) { return core_->delete_peer(remote, now); }
void Engine::forget(const std::vector<std::uint32_t>& reqids, TimePoint now) { core_->forget(reqids, now); }
void Engine::give_up_farewells(TimePoint now) { core_->give_up_farewells(now); }
void Engine::adopt(const AdoptedPair& pair, TimePoint now) { core_->adopt(pair, now); }
void Engine::shutdown(TimePoint now) { core_->shutdown(now); }
Actions Engine::take_actions() {
  auto actions = std::exchange(static_cast<Actions&>(core_->actions_), {});
  if (!core_->transcript_->on()) return actions;
  return core_->with_sent_traced(std::move(actions));
}
std::vector<MadEntry> Engine::isakmp_sas(TimePoint now) const { return core_->isakmp_sas(now); }
Counters Engine::counters() const { return core_->counters(); }
std::optional<std::string> Engine::inconsistency() const { return core_->inconsistency(); }

std::optional<SaFacts> Engine::facts_of(const SaKey& key) const {
  const auto* record = std::as_const(core_->pairs_).find(key);
  if (record == nullptr) return std::nullopt;
  return SaFacts{record->pair->protection.policy, record->pair->transform};
}

}  // namespace ipsec9000::ike
