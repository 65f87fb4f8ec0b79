#include <algorithm>

#include "xfrm/decode.hpp"
#include "xfrm/decode_parts.hpp"

namespace ipsec9000 {

namespace {

using decode_parts::split_message;
using Decoded = Result<std::optional<Event>>;

Decoded event(Event value) { return std::optional(std::move(value)); }

// The message names no family for the SA's ends: it is that of the template that the SA is wanted for. Of several with
// the right protocol it is the one whose ends agree, if they have any.
std::size_t wanted_template(const xfrm_user_acquire& raw, const std::vector<Template>& layers,
                            const std::vector<Family>& families) {
  const auto agrees = [&](std::size_t i, bool with_ends) {
    if (static_cast<std::uint8_t>(layers[i].protocol) != raw.id.proto) return false;
    if (!with_ends) return !layers[i].endpoints;
    return layers[i].endpoints ==
           TunnelEndpoints{abi::address(raw.saddr, families[i]), abi::address(raw.id.daddr, families[i])};
  };
  for (const bool with_ends : {true, false})
    for (std::size_t i = 0; i < layers.size(); ++i)
      if (agrees(i, with_ends)) return i;
  return layers.size();
}

Decoded acquire(const Message& message) {
  const auto parts = split_message<xfrm_user_acquire>(message.payload, "an acquire");
  if (!parts) return parts.error();
  const auto& raw = parts->head;
  auto policy = decode_parts::policy(raw.policy, parts->attributes);
  if (!policy) return policy.error().within("an acquire");
  const auto selector = abi::selector(raw.sel);
  if (!selector) return selector.error().within("an acquire's flow");
  std::vector<Family> families;
  const auto layers = decode_parts::templates(parts->attributes, families);
  if (!layers) return layers.error().within("an acquire");

  Acquire asked;
  asked.sequence = raw.seq;
  asked.wanted = wanted_template(raw, *layers, families);
  const auto family = asked.wanted < families.size() ? families[asked.wanted] : selector->family();
  asked.source = abi::address(raw.saddr, family);
  asked.destination = abi::address(raw.id.daddr, family);
  asked.protocol = static_cast<SaProtocol>(raw.id.proto);
  asked.flow = Flow{abi::address(raw.sel.saddr, selector->family()), abi::address(raw.sel.daddr, selector->family()),
                    selector->protocol, selector->source_port.value, selector->destination_port.value};
  asked.policy = std::move(*policy);
  return event(std::move(asked));
}

Decoded expire(const Message& message) {
  const auto parts = split_message<xfrm_user_expire>(message.payload, "an expiry");
  if (!parts) return parts.error();
  const auto sa = decode_parts::sa(parts->head.state, parts->attributes, Keys::leave_out);
  if (!sa) return sa.error().within("an expiry");
  return event(
      Expire{sa->spec.id(), sa->spec.source, sa->spec.reqid, sa->sequence, parts->head.hard != 0, sa->current});
}

// A policy has lifetimes of its own. Ours have none; when another program's ends, this is all that is said of it.
Decoded policy_expired(const Message& message) {
  const auto parts = split_message<xfrm_user_polexpire>(message.payload, "a policy's expiry");
  if (!parts) return parts.error();
  if (parts->head.hard == 0) return std::optional<Event>{};
  auto policy = decode_parts::policy(parts->head.pol, parts->attributes);
  if (!policy) return policy.error().within("a policy's expiry");
  return event(PolicyChanged{Change::deleted, message.sender, std::move(*policy)});
}

Decoded policy_written(const Message& message) {
  auto policy = decode_policy(message.payload);
  if (!policy) return policy.error();
  const auto change = message.type == XFRM_MSG_NEWPOLICY ? Change::added : Change::updated;
  return event(PolicyChanged{change, message.sender, std::move(*policy)});
}

// A deletion leads with what was asked (an index or a selector); the policy itself is in an attribute.
Decoded policy_deleted(const Message& message) {
  const auto parts = split_message<xfrm_userpolicy_id>(message.payload, "a policy's deletion");
  if (!parts) return parts.error();
  const auto info = parts->attributes.get<xfrm_userpolicy_info>(XFRMA_POLICY);
  if (!info) return info.error();
  if (!*info) return Error{ErrorCode::truncated, "a policy's deletion without the policy"};
  auto policy = decode_parts::policy(**info, parts->attributes);
  if (!policy) return policy.error().within("a policy's deletion");
  return event(PolicyChanged{Change::deleted, message.sender, std::move(*policy)});
}

Decoded sa_written(const Message& message) {
  auto sa = decode_sa(message.payload, Keys::leave_out);
  if (!sa) return sa.error();
  const auto change = message.type == XFRM_MSG_NEWSA ? Change::added : Change::updated;
  return event(SaChanged{change, message.sender, std::move(*sa)});
}

Decoded sa_deleted(const Message& message) {
  const auto parts = split_message<xfrm_usersa_id>(message.payload, "an SA's deletion");
  if (!parts) return parts.error();
  const auto info = parts->attributes.get<xfrm_usersa_info>(XFRMA_SA);
  if (!info) return info.error();
  if (!*info) return Error{ErrorCode::truncated, "an SA's deletion without the SA"};
  auto sa = decode_parts::sa(**info, parts->attributes, Keys::leave_out);
  if (!sa) return sa.error().within("an SA's deletion");
  return event(SaChanged{Change::deleted, message.sender, std::move(*sa)});
}

Decoded flushed(const Message& message) { return event(Flushed{message.type == XFRM_MSG_FLUSHPOLICY, message.sender}); }

Decoded mapping(const Message& message) {
  const auto parts = split_message<xfrm_user_mapping>(message.payload, "a NAT mapping");
  if (!parts) return parts.error();
  const auto& raw = parts->head;
  const auto family = abi::family(raw.id.family);
  if (!family) return family.error().within("a NAT mapping");
  const auto sa_mark = decode_parts::mark(parts->attributes);
  if (!sa_mark) return sa_mark.error();
  const SaId id{abi::address(raw.id.daddr, *family), abi::spi(raw.id.spi), static_cast<SaProtocol>(raw.id.proto),
                *sa_mark};
  return event(Mapping{id, raw.reqid, Endpoint{abi::address(raw.old_saddr, *family), ntohs(raw.old_sport)},
                       Endpoint{abi::address(raw.new_saddr, *family), ntohs(raw.new_sport)}});
}

}  // namespace

Result<std::optional<Event>> decode_event(const Message& message) {
  switch (message.type) {
    case XFRM_MSG_ACQUIRE:
      return acquire(message);
    case XFRM_MSG_EXPIRE:
      return expire(message);
    case XFRM_MSG_POLEXPIRE:
      return policy_expired(message);
    case XFRM_MSG_NEWPOLICY:
    case XFRM_MSG_UPDPOLICY:
      return policy_written(message);
    case XFRM_MSG_DELPOLICY:
      return policy_deleted(message);
    case XFRM_MSG_NEWSA:
    case XFRM_MSG_UPDSA:
      return sa_written(message);
    case XFRM_MSG_DELSA:
      return sa_deleted(message);
    case XFRM_MSG_FLUSHSA:
    case XFRM_MSG_FLUSHPOLICY:
      return flushed(message);
    case XFRM_MSG_MAPPING:
      return mapping(message);
    default:
      return std::optional<Event>{};
  }
}

}  // namespace ipsec9000
