// Messages as a trace shows them. Nothing here decrypts: what was opened or sealed is looked up in the transcript.
#include "ike/engine_core.hpp"
#include "ike/nat_traversal.hpp"
#include "wire/describe.hpp"

namespace ipsec9000::ike {

TraceMessage Core::trace_of(const Datagram& datagram, bool sent) const {
  TraceMessage trace{datagram.local, datagram.remote, sent, {}, ""};
  const auto message = unframe(datagram.local.port, datagram.bytes);
  const auto header = message ? wire::decode_header(*message) : Result<wire::Header>(Error{});
  if (!header) {
    trace.message = to_bytes(message.value_or(ByteView(datagram.bytes)));
    trace.comment = "no ISAKMP message";
    return trace;
  }
  auto clear = header->encrypted() ? transcript_->clear_of(*message) : std::nullopt;
  const bool decrypted = clear.has_value();
  trace.message = clear ? std::move(*clear) : to_bytes(*message);
  if (header->encrypted() && !decrypted) {
    trace.comment = wire::name_of(header->exchange) + " (encrypted, not readable here)";
  } else {
    const auto chain = wire::decode_chain(header->next_payload, ByteView(trace.message).subspan(wire::header_size));
    trace.comment = wire::describe(*header, chain ? &*chain : nullptr) + (decrypted ? " (decrypted)" : "");
  }
  for (const auto cookie : {header->cookies.initiator, header->cookies.responder}) {
    const auto found = by_cookie_.find(static_cast<std::uint64_t>(cookie));
    if (found == by_cookie_.end()) continue;
    trace.comment += ", ISAKMP policy " + sessions_.at(found->second).policy->name;
    break;
  }
  return trace;
}

void Core::trace_before(std::size_t position, const Datagram& received) {
  if (!transcript_->on() || is_keepalive(received.bytes)) return;
  actions_.insert(actions_.begin() + static_cast<std::ptrdiff_t>(std::min(position, actions_.size())),
                  trace_of(received, false));
}

Actions Core::with_sent_traced(Actions actions) const {
  Actions traced;
  traced.reserve(actions.size());
  for (auto& action : actions) {
    if (const auto* send = std::get_if<SendDatagram>(&action); send != nullptr && !is_keepalive(send->datagram.bytes))
      traced.emplace_back(trace_of(send->datagram, true));
    traced.push_back(std::move(action));
  }
  return traced;
}

}  // namespace ipsec9000::ike
