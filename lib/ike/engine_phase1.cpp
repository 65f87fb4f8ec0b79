// Phase 1 in the engine: sessions, Main Mode's dialogue, what follows when an ISAKMP SA is there.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "ike/authentication.hpp"
#include "ike/engine_core.hpp"
#include "ike/phase1_parts.hpp"

namespace ipsec9000::ike {

namespace {
wire::Cookie our_cookie(const Session& session) {
  return session.role == Role::initiator ? session.cookies.initiator : session.cookies.responder;
}

std::string phase_name(wire::ExchangeType exchange) {
  return exchange == wire::ExchangeType::aggressive ? "aggressive" : "main";
}

// The events of phase 1 have one name each for Main Mode, by which they are known here, and for Aggressive Mode.
const AuditEvent& named_for(wire::ExchangeType exchange, const AuditEvent& event) {
  static const std::array<std::pair<const AuditEvent*, const AuditEvent*>, 4> names{
      {{&audit::mm_started, &audit::am_started},
       {&audit::mm_complete, &audit::am_complete},
       {&audit::mm_failed, &audit::am_failed},
       {&audit::mm_timeout, &audit::am_timeout}}};
  if (exchange != wire::ExchangeType::aggressive) return event;
  const auto* at = std::find_if(names.begin(), names.end(), [&](const auto& name) { return name.first == &event; });
  return at != names.end() ? *at->second : event;
}

FailureRecord failure_of(const Refusal& refusal) {
  FailureRecord failure;
  failure.reason = refusal.reason;
  note_difference(failure, refusal.difference);
  return failure;
}

Refusal exchange_not_allowed(const IsakmpPolicy& policy) {
  Refusal refusal;
  refusal.event = &audit::no_proposal_chosen;
  refusal.reason = "exchange-not-allowed";
  refusal.difference = {"exchange", "aggressive", "main"};
  refusal.fields = {{"phase", "Aggressive Mode"},
                    {"differs", refusal.difference.attribute},
                    {"offered", refusal.difference.offered},
                    {"wanted", refusal.difference.wanted},
                    {"policy", policy.name}};
  refusal.notify = wire::notify::invalid_exchange_type;
  return refusal;
}

// Message 5, when it has just been found to prove who the peer is: ours comes next.
const phase1::AuthMessage* proven_message(const phase1::State& state, const phase1::Event& event) {
  const auto* verifying = std::get_if<main_mode::Verifying>(&state);
  const auto* outcome = std::get_if<VerifyOutcome>(&event);
  const bool ours_next = verifying != nullptr && std::holds_alternative<main_mode::KeyReplied>(verifying->before);
  return ours_next && outcome != nullptr && !judge(*outcome) ? &verifying->message : nullptr;
}

std::string offered_text(const IsakmpPolicy& policy) {
  std::vector<std::string> names;
  for (const auto& proposal : policy.proposals) names.push_back(proposal.to_string());
  return join(names, ", ");
}
}  // namespace

const std::shared_ptr<const IsakmpPolicy>* Core::policy_for(const IpAddress& remote) const {
  for (const auto& policy : policies_)
    if (policy->matches(remote)) return &policy;
  return nullptr;
}

phase1::Context Core::context_for(const Session& session) const {
  bool only = true;  // no other SA with this peer: worth saying
  const auto [begin, end] = by_remote_.equal_range(session.remote.address);
  for (auto at = begin; at != end; ++at) only = only && (at->second == session.id || !sessions_.at(at->second).sa);
  only = only && !pairs_.any_with(session.remote.address);
  return {*session.policy, credentials_, session.own, session.local, session.remote, random_, only, {}, transcript_};
}

Session& Core::new_session(Role role, const Endpoint& local, const Endpoint& remote,
                           std::shared_ptr<const IsakmpPolicy> policy, TimePoint now) {
  const auto id = static_cast<SessionId>(++last_session_);
  auto& session = sessions_[id];
  session.id = id;
  session.role = role;
  session.local = local;
  session.remote = remote;
  session.policy = std::move(policy);
  session.dialogue.began = now;
  session.dialogue.correlation = hex16(random_.u64());
  by_remote_.emplace(remote.address, id);
  return session;
}

void Core::register_cookie(Session& session) {
  by_cookie_[static_cast<std::uint64_t>(our_cookie(session))] = session.id;
}

Session* Core::start_phase1(const Ends& ends, const Protection* wanted, TimePoint now) {
  const auto& [local, remote] = ends;
  const auto* policy = policy_for(remote.address);
  FailureRecord failure;
  failure.remote = remote.address.to_string();
  failure.phase = "main";
  const auto refuse = [&](const AuditEvent& event, AuditFields fields, std::string reason) -> Session* {
    fields.emplace_back("remote", failure.remote);
    failure.reason = std::move(reason);
    failure.text = make_record(event, fields).text;
    note(event, fields, "");
    actions_.emplace_back(ReportFailure{failure});
    return nullptr;
  };
  if (policy == nullptr)
    return refuse(audit::no_policy_for_peer,
                  {{"kind", "ISAKMP"}, {"selector", wanted != nullptr ? wanted->selector.to_string() : ""}},
                  "no-isakmp-policy");
  failure.policy = (*policy)->name;
  failure.place = (*policy)->place;
  auto own = find_own(**policy, local.address, credentials_);
  const phase1::Context context{**policy, credentials_, own, local, remote, random_, false};
  if (auto lack = authentication_of((*policy)->authentication).lacks(context)) {
    note_difference(failure, lack->difference);
    return refuse(*lack->event, std::move(lack->fields), std::move(lack->reason));
  }
  auto& session = new_session(Role::initiator, local, remote, *policy, now);
  session.own = std::move(own);
  if (wanted != nullptr) session.waiting.push_back(*wanted);
  const bool aggressive = (*policy)->aggressive && (*policy)->authentication == AuthenticationMethod::psk;
  if (aggressive) session.exchange = wire::ExchangeType::aggressive;
  auto step = aggressive ? aggressive_mode::start(context_for(session)) : main_mode::start(context_for(session));
  if (const auto* sent = std::get_if<main_mode::SaSent>(&step.next)) session.cookies.initiator = sent->ours;
  if (const auto* generating = std::get_if<aggressive_mode::GeneratingKey>(&step.next))
    session.cookies.initiator = generating->ours;
  register_cookie(session);
  note(named_for(session.exchange, audit::mm_started),
       {{"remote", session.remote.address.to_string()}, {"role", "initiator"}, {"policy", (*policy)->name}},
       session.dialogue.correlation);
  apply_phase1(session, std::move(step), now);
  return &session;
}

void Core::answer_in_clear(const Endpoint& local, const Endpoint& remote, const wire::Cookies& cookies,
                           std::uint16_t notify, const Difference& difference, std::size_t received) {
  wire::Header header;
  header.cookies = cookies;
  header.exchange = wire::ExchangeType::informational;
  while (header.message_id == 0) header.message_id = random_.u32();
  wire::Notification notification{1, wire::protocol::isakmp, notify, {}, {}};
  const auto bare = wire::encode_message(header, {notification}).size();
  if (bare > received) return;  // never more than came in, to an address that proved nothing
  // What is wanted of algorithms a stranger finds out anyway, by trying. Names are for those who know them.
  const bool about_somebody = notify != wire::notify::no_proposal_chosen;
  notification.data =
      notification_data(about_somebody ? Difference{difference.attribute, "", ""} : difference, received - bare);
  actions_.emplace_back(SendDatagram{{local, remote, frame(local.port, wire::encode_message(header, {notification}))}});
}

void Core::drop_oldest_half_open() {
  if (!half_open_ids_.empty()) remove_session(SessionId{*half_open_ids_.begin()});
}

void Core::no_longer_half_open(const Session& session) {
  if (half_open_ids_.erase(session.id) != 0) half_open_.erase({session.remote, session.cookies.initiator});
}

bool Core::first_refusal(wire::Cookie initiator) {
  if (std::find(refused_first_.begin(), refused_first_.end(), initiator) != refused_first_.end()) return false;
  refused_first_.push_back(initiator);
  if (refused_first_.size() > refusals_remembered) refused_first_.pop_front();
  return true;
}

void Core::first_message(const wire::Header& header, const Datagram& datagram, TimePoint now) {
  const auto remote = datagram.remote.address.to_string();
  const std::shared_ptr<const IsakmpPolicy>* policy = nullptr;
  const auto complain = [&](const Refusal& refusal) {
    AuditFields fields = refusal.fields;
    fields.emplace_back("remote", remote);
    if (refusal.notify != 0)
      answer_in_clear(datagram.local, datagram.remote, header.cookies, refusal.notify, refusal.difference,
                      datagram.bytes.size());
    // The initiator says it several times: one record.
    if (!first_refusal(header.cookies.initiator) || !allowed_to_note(*refusal.event, now)) return;
    note(*refusal.event, fields, "");
    if (refusal.reason.empty()) return;
    auto failure = failure_of(refusal);
    failure.remote = remote;
    failure.phase = phase_name(header.exchange);
    if (policy != nullptr) failure.policy = (*policy)->name;
    if (policy != nullptr) failure.place = (*policy)->place;
    failure.text = make_record(*refusal.event, fields).text;
    actions_.emplace_back(ReportFailure{std::move(failure)});
  };
  auto event = phase1::read_message(main_mode::Done{}, header, datagram.bytes);
  if (const auto* refusal = std::get_if<Refusal>(&event)) return complain(*refusal);
  policy = policy_for(datagram.remote.address);
  if (policy == nullptr) {
    Refusal refusal;
    refusal.reason = "no-isakmp-policy";
    refusal.event = &audit::no_policy_for_peer;
    refusal.fields = {{"kind", "ISAKMP"}};
    refusal.notify = wire::notify::no_proposal_chosen;
    return complain(refusal);
  }
  auto own = find_own(**policy, datagram.local.address, credentials_);
  const phase1::Context context{**policy, credentials_, own, datagram.local, datagram.remote, random_, false};
  auto outcome = respond(std::get<phase1::Event>(event), context, now);
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) return complain(*refusal);
  if (const auto lack = authentication_of((*policy)->authentication).lacks(context)) return complain(*lack);
  if (half_open_.size() >= limits_.half_open) drop_oldest_half_open();
  auto& session = new_session(Role::responder, datagram.local, datagram.remote, *policy, now);
  session.own = std::move(own);
  if (const auto* message = std::get_if<main_mode::SaMessage>(&std::get<phase1::Event>(event)))
    heed_requests(session, message->requests);
  began(session, std::move(std::get<phase1::Step>(outcome)), datagram, now);
}

phase1::Outcome Core::respond(const phase1::Event& first, const phase1::Context& context, TimePoint now) {
  if (const auto* message = std::get_if<main_mode::SaMessage>(&first)) return main_mode::respond(*message, context);
  const auto* offer = std::get_if<aggressive_mode::Offer>(&first);
  if (offer == nullptr) return unexpected("a first message without an SA payload");
  if (!context.policy.aggressive || context.policy.authentication != AuthenticationMethod::psk)
    return exchange_not_allowed(context.policy);
  if (now - aggressive_window_ >= seconds(1)) {
    aggressive_window_ = now;
    aggressive_in_window_ = 0;
  }
  if (aggressive_in_window_++ >= limits_.aggressive_per_second)
    return unexpected("too many Aggressive Mode negotiations within a second");
  return aggressive_mode::respond(*offer, context);
}

void Core::began(Session& session, phase1::Step step, const Datagram& datagram, TimePoint now) {
  session.cookies = phase1::agreed_in(step.next)->cookies;
  if (std::holds_alternative<aggressive_mode::Exchanging>(step.next)) session.exchange = wire::ExchangeType::aggressive;
  session.dialogue.last_received = digest(HashAlgorithm::sha256, {datagram.bytes});
  register_cookie(session);
  half_open_[{session.remote, session.cookies.initiator}] = session.id;
  half_open_ids_.insert(session.id);
  timers_.arm({TimerKind::give_up, number(session.id), 0}, now + responder_patience);
  note(named_for(session.exchange, audit::mm_started),
       {{"remote", session.remote.address.to_string()}, {"role", "responder"}, {"policy", session.policy->name}},
       session.dialogue.correlation);
  apply_phase1(session, std::move(step), now);
}

void Core::receive_phase1(Session& session, const wire::Header& header, const Datagram& datagram, TimePoint now) {
  const auto received = digest(HashAlgorithm::sha256, {datagram.bytes});
  if (is_repeated(session, session.dialogue, received)) return;
  if (!session.negotiation || header.message_id != 0) {
    if (allowed_to_note(audit::unexpected_message, now))
      note(audit::unexpected_message,
           {{"remote", datagram.remote.to_string()}, {"reason", "a phase 1 message for an established ISAKMP SA"}},
           session.dialogue.correlation);
    return;
  }
  if (phase1::is_weighing_proof(*session.negotiation)) return;  // the peer will say it again
  auto event = phase1::read_message(*session.negotiation, header, datagram.bytes);
  if (const auto* refusal = std::get_if<Refusal>(&event)) return refuse_phase1(session, *refusal, received, now);
  advance_phase1(session, std::get<phase1::Event>(event), &datagram, received, now);
}

void Core::advance_phase1(Session& session, const phase1::Event& event, const Datagram* from, const Bytes& received,
                          TimePoint now) {
  if (!session.negotiation) return;
  if (const auto* message = proven_message(*session.negotiation, event)) heed_requests(session, message->requests);
  auto context = context_for(session);
  if (from != nullptr) context.arrived = {from->local, from->remote};
  if (auto lack = authentication_of(session.policy->authentication).lacks(context))  // deleted while we negotiated
    return refuse_phase1(session, *lack, {}, now);
  auto outcome = phase1::advance(*session.negotiation, event, context);
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) return refuse_phase1(session, *refusal, received, now);
  if (auto* retreat = std::get_if<phase1::Retreat>(&outcome)) return resume(session, std::move(*retreat), now);
  auto& step = std::get<phase1::Step>(outcome);
  if (const auto* verified = std::get_if<VerifyOutcome>(&event)) note_tolerated(session, *verified);
  if (const auto* message = std::get_if<main_mode::SaMessage>(&event)) heed_requests(session, message->requests);
  if (const auto* message = std::get_if<main_mode::KeyMessage>(&event)) heed_requests(session, message->requests);
  if (from != nullptr) suspend(session, *from, received);
  if (step.established) no_longer_half_open(session);
  if (step.established && session.suspended) follow(session, {session.suspended->local, session.suspended->remote, {}});
  if (!std::holds_alternative<main_mode::Verifying>(step.next) &&
      !std::holds_alternative<main_mode::Signing>(step.next))
    session.suspended.reset();
  apply_phase1(session, std::move(step), now);
}

// The message `received` is being acted on; what it answers, or what answers it, is not ready yet.
void Core::suspend(Session& session, const Datagram& from, const Bytes& received) {
  auto& dialogue = session.dialogue;
  session.suspended = Suspended{std::exchange(dialogue.last_received, received), std::exchange(dialogue.last_sent, {}),
                                from.local, from.remote};
  dialogue.retransmission.stop();
  timers_.cancel({TimerKind::retransmit, number(session.id), 0});
}

// It was not the peer's, or changed on its way: all is as it was before, and the peer's own may still come.
void Core::resume(Session& session, phase1::Retreat retreat, TimePoint now) {
  auto& dialogue = session.dialogue;
  const auto received = dialogue.last_received;
  if (retreat.why.notify != 0) tell_refused(session, retreat.why);
  retreat.why.notify = 0;
  session.negotiation = std::move(retreat.back);
  if (const auto before = std::exchange(session.suspended, std::nullopt)) {
    dialogue.last_received = before->last_received;
    dialogue.last_sent = before->last_sent;
  }
  if (session.role == Role::initiator) {
    dialogue.retransmission.start(now);
    timers_.arm({TimerKind::retransmit, number(session.id), 0}, dialogue.retransmission.next());
  }
  refuse_phase1(session, retreat.why, received, now);
}

void Core::apply_phase1(Session& session, phase1::Step step, TimePoint now) {
  session.negotiation = std::move(step.next);
  if (const auto* agreed = phase1::agreed_in(*session.negotiation)) {
    session.cookies = agreed->cookies;
    session.nat = agreed->nat;
    session.fragmentation = agreed->features.fragmentation;
  }
  if (step.established) session.nat = step.established->nat;
  if (session.role == Role::initiator && (std::holds_alternative<main_mode::AuthSent>(*session.negotiation) ||
                                          std::holds_alternative<aggressive_mode::Done>(*session.negotiation)))
    float_ports(session);
  if (session.role == Role::responder && std::holds_alternative<main_mode::Exchanging>(*session.negotiation)) {
    no_longer_half_open(session);  // it returned our cookie: its address is its own
    timers_.arm({TimerKind::give_up, number(session.id), 0}, now + responder_patience);
  }
  if (step.job) {
    const auto job = static_cast<JobId>(++last_job_);
    jobs_[job] = {session.id, 0};
    actions_.emplace_back(RunJob{job, std::move(*step.job)});
  }
  if (step.send) {
    send_message(session, *step.send);
    session.dialogue.last_sent = std::move(*step.send);
    session.unconfirmed = step.established && session.role == Role::initiator;
    if (session.role == Role::initiator &&
        !step.established) {  // the responder's answers are asked for again by the initiator
      session.dialogue.retransmission.start(now);
      timers_.arm({TimerKind::retransmit, number(session.id), 0}, session.dialogue.retransmission.next());
    }
  }
  if (step.established) established(session, std::move(*step.established), now);
}

void Core::established(Session& session, phase1::Established sa, TimePoint now) {
  session.established = now;
  timers_.cancel({TimerKind::give_up, number(session.id), 0});
  timers_.cancel({TimerKind::retransmit, number(session.id), 0});
  timers_.arm({TimerKind::linger, number(session.id), 0}, now + linger_time);
  note(named_for(session.exchange, audit::mm_complete),
       {{"remote", session.remote.address.to_string()},
        {"role", std::string(to_string(session.role))},
        {"proposal", sa.choice.proposal.to_string()},
        {"policy", session.policy->name}},
       session.dialogue.correlation);
  if (session.nat.any())
    note(audit::nat_found, {{"remote", session.remote.to_string()}, {"side", session.nat.ours ? "our" : "the peer's"}},
         session.dialogue.correlation);
  if (session.nat.ours) timers_.arm({TimerKind::keepalive, 0, 0}, now + keepalive_interval);
  const bool contact = sa.initial_contact;
  session.sa = std::move(sa);
  plan_renewal(session, now);
  if (contact) initial_contact(session);
  retire_predecessors(session, now);
  const auto id = session.id;
  take_over_farewells(session);
  farewell_possible(session, now);
  if (find_session(id) == nullptr) return;
  const auto waiting = std::exchange(session.waiting, {});
  for (const auto& protection : waiting) {
    negotiating_.erase(PairKey::of(protection));
    begin(protection, now);
  }
}

void Core::refuse_phase1(Session& session, const Refusal& refusal, const Bytes& received, TimePoint now) {
  if (!received.empty()) session.dialogue.refused = received;
  AuditFields fields = refusal.fields;
  fields.emplace_back("remote", session.remote.address.to_string());
  auto failure = failure_of(refusal);
  if (refusal.fatal && refusal.notify != 0) tell_refused(session, refusal);
  if (refusal.fatal) return fail_phase1(session.id, *refusal.event, std::move(fields), std::move(failure), now);
  if (allowed_to_note(*refusal.event, now)) note(*refusal.event, fields, session.dialogue.correlation);
  if (refusal.reason.empty()) return;
  if (session.dialogue.reported) return;
  session.dialogue.reported = true;  // the timeout to come has had its own record
  session.dialogue.heard = refusal.reason;
  failure.remote = session.remote.address.to_string();
  failure.phase = phase_name(session.exchange);
  failure.policy = session.policy->name;
  failure.place = session.policy->place;
  failure.text = make_record(*refusal.event, fields).text;
  actions_.emplace_back(ReportFailure{std::move(failure)});
  if (refusal.notify != 0) tell_refused(session, refusal);
}

// In private where both ends have keys: else whoever listens learns more than the attribute's name.
void Core::tell_refused(Session& session, const Refusal& refusal) {
  const auto* channel = refusal.in_private.get();
  if (channel == nullptr && session.negotiation &&
      authentication_of(session.policy->authentication).keys_before_proof())
    channel = phase1::channel_of(*session.negotiation);
  if (channel == nullptr)
    return answer_in_clear(session.local, session.remote, session.cookies, refusal.notify, refusal.difference,
                           wire::maximum_message);
  wire::Header header = phase1::header_of(session.cookies, wire::ExchangeType::informational);
  while (header.message_id == 0) header.message_id = random_.u32();
  const Channel sender{channel->keys, phase2_iv(*channel->keys, channel->iv, header.message_id)};
  const wire::Notification notification{1, wire::protocol::isakmp, refusal.notify, cookie_spi(session.cookies),
                                        notification_data(refusal.difference, notification_data_room)};
  Payloads payloads;
  // The peer may take the ISAKMP SA for made, and words about why it is not do not make every peer drop it. First,
  // because strongSwan reads no further than an error.
  if (refusal.fatal)
    payloads.emplace_back(wire::Deletion{1, wire::protocol::isakmp, 16, {cookie_spi(session.cookies)}});
  payloads.emplace_back(notification);
  const auto sealed = seal(sender, header, with_hash_1(*channel->keys, header.message_id, std::move(payloads)));
  if (sealed) send_message(session, sealed->message);
}

void Core::fail_phase1(SessionId id, const AuditEvent& why, AuditFields fields, FailureRecord failure, TimePoint) {
  auto* session = find_session(id);
  if (session == nullptr) return;
  const auto& event = named_for(session->exchange, why);
  if (std::none_of(fields.begin(), fields.end(), [](const auto& field) { return field.first == "remote"; }))
    fields.emplace_back("remote", session->remote.address.to_string());
  failure.remote = session->remote.address.to_string();
  failure.phase = phase_name(session->exchange);
  failure.policy = session->policy->name;
  failure.place = session->policy->place;
  failure.text = make_record(event, fields).text;
  note(event, fields, session->dialogue.correlation);
  if (!session->dialogue.reported) actions_.emplace_back(ReportFailure{std::move(failure)});
  remove_session(id);
}

void Core::phase1_timeout(Session& session, TimePoint now) {
  if (session.sa || !session.negotiation) return;
  const bool unproven =
      session.role == Role::responder && (std::holds_alternative<main_mode::SaReplied>(*session.negotiation) ||
                                          std::holds_alternative<aggressive_mode::Exchanging>(*session.negotiation) ||
                                          std::holds_alternative<aggressive_mode::Answered>(*session.negotiation));
  if (unproven) return remove_session(session.id);  // perhaps nobody asked: not worth a record
  FailureRecord failure;
  failure.reason = session.dialogue.heard.empty() ? "timeout" : session.dialogue.heard;
  std::string state = phase1::describe(*session.negotiation);
  if (!session.dialogue.heard.empty()) state += ", heard " + session.dialogue.heard;
  const auto& difference = session.dialogue.difference;
  note_difference(failure, difference);
  if (!difference.attribute.empty()) state += ": " + difference.to_string();
  const auto unwanted = why_unwanted(session);
  if (!unwanted.empty()) state += ": " + unwanted;
  if (failure.offered.empty()) failure.offered = offered_text(*session.policy);
  const auto remote = session.remote.address;
  fail_phase1(session.id, audit::mm_timeout, {{"state", state}}, std::move(failure), now);
  for (const auto id : pairs_.with_remote(remote))
    if (pairs_.find(id)->silent) drop_pair(id, false, "the peer is dead");
}

}  // namespace ipsec9000::ike
