// Phase 2 in the engine: Quick Mode's dialogues inside an established ISAKMP SA.
#include <algorithm>

#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "ike/engine_core.hpp"
#include "wire/describe.hpp"

namespace ipsec9000::ike {

namespace {
constexpr std::uint32_t lowest_spi = 0x1000;  // the first 256 are reserved; small ones are for keys set by hand

constexpr std::size_t finished_remembered = 1024;

bool is_finished(const QuickExchange& exchange) { return std::holds_alternative<quick_mode::Done>(exchange.state); }

std::size_t under_way(const Session& session) {
  return static_cast<std::size_t>(std::count_if(session.quick.begin(), session.quick.end(),
                                                [](const auto& each) { return !is_finished(each.second); }));
}
}  // namespace

quick_mode::Context Core::quick_context(Session& session, const QuickExchange& exchange, const Spis& fresh) const {
  return {*session.sa->keys,
          session.cookies,
          exchange.message_id,
          session.local,
          session.remote,
          random_,
          fresh,
          session.nat,
          session.sa->features.extended_sequence};
}

// SPIs that are nobody's, kept for this exchange until it ends.
Spis Core::fresh_spis(QuickExchange& exchange) {
  if (exchange.reserved.empty()) {
    while (exchange.reserved.size() < 2) {
      const auto value = random_.u32();
      const auto spi = static_cast<Spi>(value);
      if (value < lowest_spi || pairs_.spi_in_use(spi) || !reserved_spis_.insert(spi).second) continue;
      exchange.reserved.push_back(spi);
    }
  }
  return {exchange.reserved[0], exchange.reserved[1]};
}

bool Core::start_quick(Session& session, const Protection& protection, TimePoint now) {
  std::uint32_t message_id = 0;
  while (message_id == 0 || session.used_message_ids.contains(message_id)) message_id = random_.u32();
  session.used_message_ids.insert(message_id);
  auto& exchange = session.quick[message_id];
  exchange.message_id = message_id;
  exchange.role = Role::initiator;
  exchange.first = {session.sa->keys, phase2_iv(*session.sa->keys, session.sa->last_block, message_id)};
  exchange.dialogue.began = now;
  exchange.dialogue.began_order = ++order_;
  exchange.dialogue.correlation = session.dialogue.correlation;
  exchange.negotiates = PairKey::of(protection);
  exchange.policy = protection.policy;
  exchange.place = protection.place;
  negotiating_.insert(*exchange.negotiates);
  note(audit::qm_started,
       {{"remote", session.remote.address.to_string()},
        {"role", "initiator"},
        {"message_id", hex8(message_id)},
        {"policy", protection.policy}},
       exchange.dialogue.correlation);
  const auto fresh = fresh_spis(exchange);
  auto outcome = quick_mode::start(protection, exchange.first, quick_context(session, exchange, fresh));
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) {
    refuse_quick(session, exchange, *refusal, {}, now);
    return false;
  }
  apply_quick(session, exchange, std::move(std::get<quick_mode::Step>(outcome)), now);
  return true;
}

void Core::receive_quick_mode(Session& session, const wire::Header& header, const Datagram& datagram, TimePoint now) {
  const auto drop = [&](const Refusal& refusal) {
    AuditFields fields = refusal.fields;
    fields.emplace_back("remote", datagram.remote.to_string());
    if (allowed_to_note(*refusal.event, now)) note(*refusal.event, fields, session.dialogue.correlation);
  };
  if (!session.sa || !header.encrypted() || header.message_id == 0)
    return drop(unexpected(wire::describe(header, nullptr) + " before the ISAKMP SA is there, or in clear"));
  const auto received = digest(HashAlgorithm::sha256, {datagram.bytes});
  const auto found = session.quick.find(header.message_id);
  if (found == session.quick.end()) return first_quick_message(session, header, datagram, received, now);
  auto& exchange = found->second;
  if (is_repeated(session, exchange.dialogue, received)) return;
  const auto* channel = quick_mode::channel_of(exchange.state);
  if (channel == nullptr) return drop(unexpected("it does not fit: " + quick_mode::describe(exchange.state)));
  auto opened = open(*channel, header, datagram.bytes);
  if (!opened) return refuse_quick(session, exchange, bad_packet(opened.error().text), received, now);
  advance_quick(session, exchange, quick_mode::Message{std::move(*opened)}, &datagram, received, now);
}

void Core::first_quick_message(Session& session, const wire::Header& header, const Datagram& datagram,
                               const Bytes& received, TimePoint now) {
  if (session.used_message_ids.contains(header.message_id)) return;  // late repetition of a finished exchange
  const auto drop = [&](Refusal refusal) {
    refusal.fields.emplace_back("remote", datagram.remote.to_string());
    if (allowed_to_note(*refusal.event, now)) note(*refusal.event, refusal.fields, session.dialogue.correlation);
  };
  if (under_way(session) >= limits_.quick_modes_per_session) return drop(unexpected("too many Quick Modes at once"));
  const Channel first{session.sa->keys, phase2_iv(*session.sa->keys, session.sa->last_block, header.message_id)};
  auto opened = open(first, header, datagram.bytes);
  if (!opened) return drop(bad_packet(opened.error().text));
  QuickExchange exchange;
  exchange.message_id = header.message_id;
  exchange.role = Role::responder;
  exchange.first = first;
  exchange.dialogue.began = now;
  exchange.dialogue.began_order = ++order_;
  exchange.dialogue.correlation = session.dialogue.correlation;
  exchange.dialogue.last_received = received;
  const Spis none;
  auto context = quick_context(session, exchange, none);
  context.local = datagram.local;  // if it is authentic, this is where the peer is now
  context.remote = datagram.remote;
  auto outcome = quick_mode::respond(*opened, context);
  auto* refusal = std::get_if<Refusal>(&outcome);
  if (refusal != nullptr && !refusal->fatal) return drop(*refusal);
  session.used_message_ids.insert(header.message_id);
  follow(session, datagram);
  auto& kept = session.quick[header.message_id] = std::move(exchange);
  if (refusal != nullptr) return refuse_quick(session, kept, *refusal, received, now);
  note(audit::qm_started,
       {{"remote", session.remote.address.to_string()}, {"role", "responder"}, {"message_id", hex8(header.message_id)}},
       kept.dialogue.correlation);
  apply_quick(session, kept, std::move(std::get<quick_mode::Step>(outcome)), now);
}

void Core::advance_quick(Session& session, QuickExchange& exchange, const quick_mode::Event& event,
                         const Datagram* from, const Bytes& received, TimePoint now) {
  const auto fresh = fresh_spis(exchange);
  auto outcome = quick_mode::advance(exchange.state, event, quick_context(session, exchange, fresh), exchange.first);
  if (const auto* refusal = std::get_if<Refusal>(&outcome))
    return refuse_quick(session, exchange, *refusal, received, now);
  if (from != nullptr) follow(session, *from);
  if (!received.empty()) {
    exchange.dialogue.last_received = received;
    exchange.dialogue.last_sent.clear();
    exchange.dialogue.retransmission.stop();
    timers_.cancel({TimerKind::retransmit, number(session.id), exchange.message_id});
  }
  apply_quick(session, exchange, std::move(std::get<quick_mode::Step>(outcome)), now);
}

void Core::apply_quick(Session& session, QuickExchange& exchange, quick_mode::Step step, TimePoint now) {
  exchange.state = std::move(step.next);
  PairId pair{};
  if (step.half) {
    pair = pairs_.add(step.half, false, exchange.dialogue.began, now);
    exchange.half = pair;
  }
  if (step.complete && exchange.half && pairs_.find(*exchange.half) == nullptr) {
    // Deleted before it was complete: the peer, which thinks it has a pair, is told so.
    exchange.half.reset();
    end_quick(session, exchange.message_id, now);
    return send_delete(session, *step.complete);
  }
  if (step.complete) {
    pair = exchange.half ? *exchange.half : pairs_.add(step.complete, true, exchange.dialogue.began, now);
    exchange.half.reset();
  }
  if (step.half || step.complete) {
    auto& record = *pairs_.find(pair);
    record.peer = session.sa->peer;
    record.began_order = exchange.dialogue.began_order;
    record.correlation = exchange.dialogue.correlation;
    record.we_choose = we_choose(session);
    if (step.half) record.rank = ++order_;
  }
  if (!step.install.empty())
    actions_.emplace_back(InstallSas{pair, std::move(step.install), exchange.dialogue.correlation});
  if (step.ask) {
    const auto query = static_cast<QueryId>(++last_query_);
    queries_[query] = {session.id, exchange.message_id};
    actions_.emplace_back(AskPolicy{query, std::move(*step.ask), exchange.dialogue.correlation});
  }
  if (step.job) {
    const auto job = static_cast<JobId>(++last_job_);
    jobs_[job] = {session.id, exchange.message_id};
    actions_.emplace_back(RunJob{job, std::move(*step.job)});
  }
  if (step.send) {
    send_message(session, *step.send);
    exchange.dialogue.last_sent = std::move(*step.send);
    // Message 3 is not answered: it is sent again only when message 2 comes again.
    if (!step.complete) {
      exchange.dialogue.retransmission.start(now);
      timers_.arm({TimerKind::retransmit, number(session.id), exchange.message_id},
                  exchange.dialogue.retransmission.next());
    }
  }
  if (!step.complete) return;
  end_quick(session, exchange.message_id, now);
  limit_finished(session, now);
  pair_complete(pair, now);
  quick_mode_used(session, now);
}

// The exchange is over and done: it only answers repetitions for a while.
void Core::end_quick(Session& session, std::uint32_t message_id, TimePoint now) {
  auto& exchange = session.quick.at(message_id);
  if (exchange.negotiates) negotiating_.erase(*exchange.negotiates);
  exchange.negotiates.reset();
  for (const auto spi : exchange.reserved) reserved_spis_.erase(spi);
  exchange.reserved.clear();
  timers_.arm({TimerKind::linger, number(session.id), message_id}, now + linger_time);
}

// Which end chooses among pairs that crossed: the one whose identity is lower. Both ends know both, and a NAT in
// between does not change them.
bool Core::we_choose(const Session& session) const {
  const auto& ours = session.sa->ours;  // as both ends heard it, so that they compare the same two
  const auto& peer = session.sa->peer;
  return ours != peer ? ours < peer : session.local.address < session.remote.address;
}

// An ISAKMP SA that has had its Quick Modes is not ended by that: it carries the Deletes and probes for its SAs until
// the next one is there, which the next Quick Mode of ours begins. (Some peers even drop the SAs with it.)
bool Core::has_room(const Session& session) {
  const auto ours = std::count_if(session.quick.begin(), session.quick.end(),
                                  [](const auto& exchange) { return exchange.second.negotiates.has_value(); });
  return session.quick_modes + static_cast<std::uint64_t>(ours) < session.policy->max_quick_modes;
}

void Core::quick_mode_used(Session& session, TimePoint now) {
  ++session.quick_modes;
  // The peer, which may have no such limit, goes on with it: then the next one is for us to begin.
  if (session.quick_modes > session.policy->max_quick_modes) renewal_due(session, now);
  // Two that crossed have both had theirs: one is enough, and one end says which, or each would end another one.
  if (has_room(session) || !we_choose(session)) return;
  const auto* youngest = usable_session(session.local.address, session.remote.address, false);
  if (youngest != nullptr && !youngest->closing) retire_predecessors(*youngest, now);
}

void Core::refuse_quick(Session& session, QuickExchange& exchange, const Refusal& refusal, const Bytes& received,
                        TimePoint now) {
  if (!received.empty()) exchange.dialogue.refused = received;
  AuditFields fields = refusal.fields;
  fields.emplace_back("remote", session.remote.address.to_string());
  fields.emplace_back("message_id", hex8(exchange.message_id));
  if (!refusal.fatal) {
    if (allowed_to_note(*refusal.event, now)) note(*refusal.event, fields, exchange.dialogue.correlation);
    return;
  }
  if (refusal.notify != 0) {
    // The initiator knows its Quick Mode again by the SPI that it offered (RFC 2408, 3.14).
    wire::Notification notification{
        1, wire::protocol::esp, refusal.notify, {}, notification_data(refusal.difference, notification_data_room)};
    if (const auto* asking = std::get_if<quick_mode::AskingPolicy>(&exchange.state);
        asking != nullptr && !asking->request->sa.proposals.empty()) {
      notification.protocol = asking->request->sa.proposals.front().protocol;
      notification.spi = asking->request->sa.proposals.front().spi;
    }
    send_informational(session, {notification});
  }
  FailureRecord failure;
  failure.reason = refusal.reason;
  note_difference(failure, refusal.difference);
  fail_quick(session, exchange.message_id, *refusal.event, std::move(fields), std::move(failure), now);
}

void Core::fail_quick(Session& session, std::uint32_t message_id, const AuditEvent& event, AuditFields fields,
                      FailureRecord failure, TimePoint now) {
  auto& exchange = session.quick.at(message_id);
  if (std::none_of(fields.begin(), fields.end(), [](const auto& field) { return field.first == "remote"; })) {
    fields.emplace_back("remote", session.remote.address.to_string());
    fields.emplace_back("message_id", hex8(message_id));
  }
  failure.remote = session.remote.address.to_string();
  failure.phase = "quick";
  failure.policy = exchange.policy;
  failure.place = exchange.place;
  failure.text = make_record(event, fields).text;
  note(event, fields, exchange.dialogue.correlation);
  actions_.emplace_back(ReportFailure{std::move(failure)});
  if (exchange.half) drop_pair(*exchange.half, true, "its negotiation failed");
  const auto wanted = std::move(exchange.wanted);
  const auto in_vain = exchange.negotiates;
  forget_quick(session, message_id, now);
  if (in_vain) acquire_failed(*in_vain);
  if (wanted) begin(*wanted, now);
}

// Of very many finished ones within a minute the oldest answers no repetitions any more.
void Core::limit_finished(Session& session, TimePoint now) {
  if (session.quick.size() <= finished_remembered) return;
  const QuickExchange* oldest = nullptr;
  for (const auto& [message_id, exchange] : session.quick) {
    const bool older = oldest == nullptr || exchange.dialogue.began_order < oldest->dialogue.began_order;
    if (is_finished(exchange) && older) oldest = &exchange;
  }
  if (oldest != nullptr) forget_quick(session, oldest->message_id, now);
}

void Core::forget_quick(Session& session, std::uint32_t message_id, TimePoint now) {
  end_quick(session, message_id, now);
  timers_.cancel({TimerKind::linger, number(session.id), message_id});
  timers_.cancel({TimerKind::retransmit, number(session.id), message_id});
  session.quick.erase(message_id);
}

void Core::quick_timeout(Session& session, QuickExchange& exchange, TimePoint now) {
  FailureRecord failure;
  failure.reason = "timeout";
  const bool silent = std::holds_alternative<quick_mode::Offered>(exchange.state);
  const auto id = session.id;
  fail_quick(session, exchange.message_id, audit::qm_timeout,
             {{"remote", session.remote.address.to_string()},
              {"message_id", hex8(exchange.message_id)},
              {"state", quick_mode::describe(exchange.state)}},
             std::move(failure), now);
  // No answer at all: the peer has most likely forgotten this ISAKMP SA (a reboot), so the next try starts afresh.
  if (silent) remove_session(id);
}

}  // namespace ipsec9000::ike
