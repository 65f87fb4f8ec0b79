// Informational exchanges: Delete, notifications, and their unprotected cousins (RFC 2409, 5.7; RFC 3706).
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "ike/difference.hpp"
#include "ike/engine_core.hpp"
#include "wire/describe.hpp"

namespace ipsec9000::ike {

Bytes cookie_spi(const wire::Cookies& cookies) {
  return Writer()
      .u64(static_cast<std::uint64_t>(cookies.initiator))
      .u64(static_cast<std::uint64_t>(cookies.responder))
      .take();
}

namespace {
bool is_error(std::uint16_t type) { return type <= wire::notify::last_error; }

// The initiator weighs our proof when the ISAKMP SA is there already for us.
bool is_about_proof(std::uint16_t type) {
  using namespace wire::notify;
  constexpr std::array about{invalid_cert_encoding, invalid_certificate, cert_type_unsupported,  invalid_cert_authority,
                             authentication_failed, invalid_signature,   certificate_unavailable};
  return std::find(about.begin(), about.end(), type) != about.end();
}
}  // namespace

void Core::receive_informational(Session& session, const wire::Header& header, const Datagram& datagram,
                                 TimePoint now) {
  if (!header.encrypted()) return unprotected_notification(session, header, datagram);
  const auto drop = [&](const Refusal& refusal) {
    AuditFields fields = refusal.fields;
    fields.emplace_back("remote", datagram.remote.to_string());
    if (allowed_to_note(*refusal.event, now)) note(*refusal.event, fields, session.dialogue.correlation);
  };
  if (!session.sa) return refusal_of_proof(session, header, datagram, now);
  if (session.used_message_ids.contains(header.message_id)) return;  // repeated
  const Channel channel{session.sa->keys, phase2_iv(*session.sa->keys, session.sa->last_block, header.message_id)};
  auto opened = open(channel, header, datagram.bytes);
  if (!opened) return drop(bad_packet(opened.error().text));
  const auto covered = after_hash(*opened);
  const auto* hash = opened->chain.only<wire::Hash>();
  if (!covered || hash == nullptr ||
      !equal_constant_time(hash->value, hash_1(*session.sa->keys, header.message_id, *covered)))
    return drop(bad_packet("the HASH of an Informational message does not verify"));
  const auto id = session.id;
  session.used_message_ids.insert(header.message_id);
  follow(session, datagram);
  if (session.used_message_ids.size() > limits_.exchanges_per_session) return close_session(id, now);
  for (const auto* notification : opened->chain.all<wire::Notification>()) {
    if (find_session(id) == nullptr) return;  // an earlier one refused it
    notification_received(session, *notification, now);
  }
  for (const auto* deletion : opened->chain.all<wire::Deletion>()) {
    if (find_session(id) == nullptr) return;  // an earlier one deleted the ISAKMP SA
    deletion_received(session, *deletion, now);
  }
}

// With signatures both ends have keys before either has proven itself. What comes with them comes from whom we
// negotiate with; who that is does not matter for a refusal. With a pre-shared key it comes from who has that.
void Core::refusal_of_proof(Session& session, const wire::Header& header, const Datagram& datagram, TimePoint now) {
  const auto* channel = session.negotiation ? phase1::channel_of(*session.negotiation) : nullptr;
  const wire::Notification* refusal = nullptr;
  Result<Opened> opened = Error{ErrorCode::not_found, "no keys"};
  if (channel != nullptr)
    opened = open({channel->keys, phase2_iv(*channel->keys, channel->iv, header.message_id)}, header, datagram.bytes);
  if (opened) {
    const auto covered = after_hash(*opened);
    const auto* hash = opened->chain.only<wire::Hash>();
    if (covered && hash != nullptr &&
        equal_constant_time(hash->value, hash_1(*channel->keys, header.message_id, *covered)))
      refusal = opened->chain.only<wire::Notification>();
  }
  if (refusal == nullptr || !is_error(refusal->notify_type)) {
    if (allowed_to_note(audit::unexpected_message, now))
      note(audit::unexpected_message,
           {{"remote", datagram.remote.to_string()},
            {"reason", "an encrypted Informational message before the ISAKMP SA is there"}},
           session.dialogue.correlation);
    return;
  }
  proof_refused(session, *refusal, now);
}

void Core::proof_refused(Session& session, const wire::Notification& notification, TimePoint now) {
  const auto name = wire::notify::name(notification.notify_type);
  FailureRecord failure;
  failure.reason = to_lower(name);
  note_difference(failure, difference_from(notification.data));
  auto reason = "the peer refuses our proof of identity, it says " + name;
  if (const auto unwanted = why_unwanted(session); !unwanted.empty()) {
    reason += ": " + unwanted;
    if (failure.differs.empty()) failure.differs = "certificate";
  }
  fail_phase1(session.id, audit::mm_failed, {{"reason", std::move(reason)}}, std::move(failure), now);
}

// Nothing proves who sent it: it is a hint for the record of the timeout that may follow, nothing more.
void Core::unprotected_notification(Session& session, const wire::Header& header, const Datagram& datagram) {
  auto chain = wire::decode_chain(header.next_payload, ByteView(datagram.bytes).subspan(wire::header_size));
  const auto* notification = chain ? chain->only<wire::Notification>() : nullptr;
  if (notification != nullptr && session.sa && notification->notify_type == wire::notify::invalid_cookie)
    return recover(session, now_);
  if (notification == nullptr || session.sa || !is_error(notification->notify_type)) {
    if (allowed_to_note(audit::unexpected_message, now_))
      note(audit::unexpected_message,
           {{"remote", datagram.remote.to_string()}, {"reason", "an unprotected Informational message"}},
           session.dialogue.correlation);
    return;
  }
  const auto name = wire::notify::name(notification->notify_type);
  if (session.dialogue.heard == to_lower(name)) return;
  session.dialogue.heard = to_lower(name);
  session.dialogue.difference = difference_from(notification->data);
  // There are two exchanges: who refuses one wants the other.
  if (notification->notify_type == wire::notify::invalid_exchange_type) {
    const bool aggressive = session.exchange == wire::ExchangeType::aggressive;
    session.dialogue.difference = {"exchange", aggressive ? "aggressive" : "main", aggressive ? "main" : "aggressive"};
  }
  if (allowed_to_note(audit::notify_refused, now_))
    note(audit::notify_refused,
         {{"notify", name},
          {"remote", session.remote.address.to_string()},
          {"state", session.negotiation ? phase1::describe(*session.negotiation) : ""}},
         session.dialogue.correlation);
}

void Core::deletion_received(Session& session, const wire::Deletion& deletion, TimePoint now) {
  const auto remote = session.remote.address;
  const auto correlation = session.dialogue.correlation;
  if (deletion.protocol == wire::protocol::isakmp) {
    for (const auto& spi : deletion.spis) {
      if (spi.size() != 16) continue;
      Reader reader(spi);
      const wire::Cookies cookies{static_cast<wire::Cookie>(*reader.u64()), static_cast<wire::Cookie>(*reader.u64())};
      std::vector<SessionId> doomed;
      const auto [begin, end] = by_remote_.equal_range(remote);
      for (auto at = begin; at != end; ++at)
        if (sessions_.at(at->second).cookies == cookies) doomed.push_back(at->second);
      for (const auto id : doomed) {
        note(audit::delete_received, {{"remote", remote.to_string()}, {"protocol", "ISAKMP"}, {"spi", to_hex(spi)}},
             correlation);
        remove_session(id);
      }
    }
    return;
  }
  if (deletion.protocol != wire::protocol::esp && deletion.protocol != wire::protocol::ah) return;
  const auto protocol = deletion.protocol == wire::protocol::esp ? SaProtocol::esp : SaProtocol::ah;
  for (const auto& bytes : deletion.spis) {
    const auto spi = Reader(bytes).u32();
    if (bytes.size() != 4 || !spi) continue;
    const auto* record = pairs_.find_peer_spi(remote, protocol, static_cast<Spi>(*spi));
    if (record == nullptr) continue;
    note(audit::delete_received,
         {{"remote", remote.to_string()}, {"protocol", std::string(to_string(protocol))}, {"spi", hex8(*spi)}},
         correlation);
    drop_used_up(record->id, false, "deleted by the peer", now);
  }
}

void Core::notification_received(Session& session, const wire::Notification& notification, TimePoint now) {
  const auto type = notification.notify_type;
  if (type == wire::notify::are_you_there) {
    send_informational(session, {wire::Notification{1, wire::protocol::isakmp, wire::notify::are_you_there_ack,
                                                    cookie_spi(session.cookies), notification.data}});
    return;
  }
  if (type == wire::notify::are_you_there_ack) return probe_answered(session, notification);
  note(audit::notify_received,
       {{"notify", wire::notify::name(type)},
        {"remote", session.remote.address.to_string()},
        {"protection", "protected"}},
       session.dialogue.correlation);
  if (type == wire::notify::invalid_spi) return unknown_spi(session.remote.address, notification, now);
  if (is_error(type)) refused_by_peer(session, notification, now);
}

// The peer got packets for an SA that it does not have: the pair is of no use, and another one is made.
void Core::unknown_spi(const IpAddress& remote, const wire::Notification& notification, TimePoint now) {
  const auto protocol = notification.protocol == wire::protocol::ah ? SaProtocol::ah : SaProtocol::esp;
  const auto spi = Reader(notification.spi.empty() ? notification.data : notification.spi).u32();
  const auto* record = spi ? pairs_.find_peer_spi(remote, protocol, static_cast<Spi>(*spi)) : nullptr;
  if (record == nullptr || !record->complete) return;
  const auto pair = record->pair;
  const auto key = record->key();
  drop_pair(record->id, true, "the peer does not know it");
  if (pairs_.with(key).empty()) renew(pair->protection, now);
}

void Core::refused_by_peer(Session& session, const wire::Notification& notification, TimePoint now) {
  const auto type = notification.notify_type;
  // Which Quick Mode is meant: the one that offered this SPI, or the only one that waits for an answer.
  std::vector<QuickExchange*> waiting;
  for (auto& [message_id, exchange] : session.quick) {
    const auto* offered = std::get_if<quick_mode::Offered>(&exchange.state);
    if (offered == nullptr) continue;
    const auto spi = notification.spi.size() == 4 ? Reader(notification.spi).u32() : std::nullopt;
    const auto is = [&](const std::optional<Spi>& ours) {
      return spi && ours && static_cast<std::uint32_t>(*ours) == *spi;
    };
    if (is(offered->ours.esp) || is(offered->ours.ah)) {
      waiting = {&exchange};
      break;
    }
    waiting.push_back(&exchange);
  }
  if (waiting.empty() && is_about_proof(type)) return proof_refused(session, notification, now);
  if (waiting.size() != 1) return;
  FailureRecord failure;
  failure.reason = to_lower(wire::notify::name(type));
  const auto difference = difference_from(notification.data);
  note_difference(failure, difference);
  std::vector<std::string> offered;
  for (const auto& transform : std::get<quick_mode::Offered>(waiting.front()->state).protection->transforms)
    offered.push_back(transform.name());
  if (failure.offered.empty()) failure.offered = join(offered, ", ");
  const auto why = difference.to_string();
  fail_quick(session, waiting.front()->message_id, audit::qm_failed,
             {{"remote", session.remote.address.to_string()},
              {"message_id", hex8(waiting.front()->message_id)},
              {"reason", "the peer answered " + wire::notify::name(type) + (why.empty() ? "" : ": " + why)}},
             std::move(failure), now);
}

// A message that only an ISAKMP SA protects, and we have none like that: after a restart, most likely. Who gets this
// answer cannot trust it, but may try anew.
void Core::unknown_session(const wire::Header& header, const Datagram& datagram, TimePoint now) {
  if (!header.encrypted() || header.cookies.responder == wire::Cookie{}) return;
  if (header.exchange != wire::ExchangeType::quick_mode && header.exchange != wire::ExchangeType::informational) return;
  if (policy_for(datagram.remote.address) == nullptr || !allowed_to_note(audit::unexpected_message, now)) return;
  answer_in_clear(datagram.local, datagram.remote, header.cookies, wire::notify::invalid_cookie, {},
                  datagram.bytes.size());
}

// The peer seems to have forgotten this ISAKMP SA. Nothing proves it, so nothing is given up: a new one is negotiated,
// whose pairs replace the old ones. If that fails, the unanswered question tells the same.
void Core::recover(Session& session, TimePoint now) {
  // Of all ISAKMP SAs with this peer: else each new one could be forged away as soon as it is there.
  const auto [begin, end] = by_remote_.equal_range(session.remote.address);
  for (auto at = begin; at != end; ++at) {
    const auto& before = sessions_.at(at->second).recovered;
    if (before != TimePoint{} && now - before < recovery_interval) return;
  }
  session.recovered = now;
  session.closing = true;
  const auto remote = session.remote.address;
  if (allowed_to_note(audit::unexpected_message, now))
    note(audit::notify_refused,
         {{"notify", wire::notify::name(wire::notify::invalid_cookie)},
          {"remote", remote.to_string()},
          {"state", "negotiating anew"}},
         session.dialogue.correlation);
  std::map<PairKey, Protection> again;
  for (const auto id : pairs_.with_remote(remote))
    if (const auto* record = pairs_.find(id); record->complete)
      again.insert_or_assign(record->key(), record->pair->protection);
  std::vector<std::uint32_t> unanswered;
  for (const auto& [message_id, exchange] : session.quick) {
    const auto* offered = std::get_if<quick_mode::Offered>(&exchange.state);
    if (offered == nullptr) continue;
    again.insert_or_assign(PairKey::of(*offered->protection), *offered->protection);
    unanswered.push_back(message_id);
  }
  for (const auto message_id : unanswered) forget_quick(session, message_id, now);
  for (const auto& [key, protection] : again) renew(protection, now);
}

void Core::send_informational(Session& session, std::vector<wire::Payload> payloads) {
  if (!session.sa) return;
  wire::Header header;
  header.cookies = session.cookies;
  header.exchange = wire::ExchangeType::informational;
  while (header.message_id == 0 || session.used_message_ids.contains(header.message_id))
    header.message_id = random_.u32();
  session.used_message_ids.insert(header.message_id);
  const Channel channel{session.sa->keys, phase2_iv(*session.sa->keys, session.sa->last_block, header.message_id)};
  auto sealed = seal(channel, header, with_hash_1(*session.sa->keys, header.message_id, std::move(payloads)));
  if (sealed) send_message(session, sealed->message);
}

void Core::send_delete(Session& session, const quick_mode::Pair& pair) {
  std::vector<wire::Payload> payloads;
  const auto add = [&](std::uint8_t protocol, const std::optional<Spi>& spi) {
    if (spi)
      payloads.emplace_back(wire::Deletion{1, protocol, 4, {Writer().u32(static_cast<std::uint32_t>(*spi)).take()}});
  };
  add(wire::protocol::ah, pair.ours.ah);
  add(wire::protocol::esp, pair.ours.esp);
  for (auto& payload : payloads) send_informational(session, {std::move(payload)});
}

void Core::close_session(SessionId id, TimePoint) {
  auto* session = find_session(id);
  if (session != nullptr && session->sa && session->farewell) {
    say_farewell(*session);
    session = find_session(id);
  }
  if (session == nullptr) return;
  send_informational(*session, {wire::Deletion{1, wire::protocol::isakmp, 16, {cookie_spi(session->cookies)}}});
  remove_session(id);
}

Session* Core::usable_session(const IpAddress& local, const IpAddress& remote, bool for_quick_mode) {
  Session* best = nullptr;  // the youngest: the peer surely has it too
  const auto [begin, end] = by_remote_.equal_range(remote);
  for (auto at = begin; at != end; ++at) {
    auto& session = sessions_.at(at->second);
    if (!session.sa || session.local.address != local || (for_quick_mode && (session.closing || !has_room(session))))
      continue;
    if (best == nullptr || best->id < session.id) best = &session;
  }
  return best;
}

}  // namespace ipsec9000::ike
