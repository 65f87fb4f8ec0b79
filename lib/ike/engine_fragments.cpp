// Fragments in the engine: only of exchanges of an ISAKMP SA under way or established, whose peer has returned our
// cookie and has announced that it does this. First messages are never fragmented. Message 2 of Aggressive Mode may
// come in fragments before its announcement could be read: our message 1 has announced ours.
#include "ike/engine_core.hpp"

namespace ipsec9000::ike {

void Core::send_message(Session& session, const Bytes& message) {
  if (!session.fragmentation || message.size() <= limits_.unfragmented) return send(session, message);
  if (transcript_->on()) {
    auto whole = trace_of({session.local, session.remote, frame(session.local.port, message)}, true);
    whole.comment += ", in fragments";
    actions_.emplace_back(std::move(whole));
  }
  for (const auto& fragment : fragmented(message, ++session.last_fragment_id, limits_.unfragmented))
    send(session, fragment);
}

// Gives the whole message to the usual way in. It can only be one of the same ISAKMP SA, and no fragment again.
void Core::receive_fragment(Session& session, const wire::Header& header, const Datagram& datagram, TimePoint now) {
  const auto drop = [&](const Refusal& refusal) {
    AuditFields fields = refusal.fields;
    fields.emplace_back("remote", datagram.remote.to_string());
    if (allowed_to_note(*refusal.event, now)) note(*refusal.event, fields, session.dialogue.correlation);
  };
  const bool first_answer = session.role == Role::initiator && session.exchange == wire::ExchangeType::aggressive &&
                            session.cookies.responder == wire::Cookie{};
  if (!session.fragmentation && !first_answer)
    return drop(unexpected("a fragment from a peer that has not announced them"));
  const auto chain = wire::decode_chain(header.next_payload, ByteView(datagram.bytes).subspan(wire::header_size));
  const auto* fragment = chain && chain->payloads.size() == 1 ? chain->only<wire::Fragment>() : nullptr;
  if (fragment == nullptr) return drop(bad_packet("a message of fragments that does not hold exactly one"));
  auto added = session.reassembly.add(*fragment);
  if (!added) return drop(bad_packet(added.error().text));
  if (!*added) return;
  const Datagram whole{datagram.local, datagram.remote, std::move(**added)};
  const auto inner = wire::decode_header(whole.bytes);
  if (!inner) return drop(bad_packet("fragments: " + inner.error().text));
  const bool same =
      inner->cookies == session.cookies || (first_answer && inner->cookies.initiator == session.cookies.initiator);
  if (!same || inner->next_payload == wire::PayloadType::fragment)
    return drop(bad_packet("fragments of a message that is none of this ISAKMP SA"));
  const auto position = actions_.size();
  dispatch(session, *inner, whole, now);
  trace_before(position, {whole.local, whole.remote, frame(whole.local.port, whole.bytes)});
}

}  // namespace ipsec9000::ike
