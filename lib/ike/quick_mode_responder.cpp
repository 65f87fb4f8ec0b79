#include "ike/quick_mode_parts.hpp"
#include "ike/traffic_identity.hpp"

namespace ipsec9000::ike::quick_mode {

namespace {
Refusal invalid_identity(const std::string& why) {
  Refusal refusal;
  refusal.event = &audit::qm_failed;
  refusal.fields = {{"reason", "its traffic identities: " + why}};
  refusal.reason = "invalid-identity";
  refusal.notify = wire::notify::invalid_id_information;
  refusal.fatal = true;
  return refusal;
}

// Where addresses are translated, a host knows its own address and the outside of the other's; in transport mode the
// identities say just this, and mean the two hosts as the packets show them here (RFC 3947, 5.2; RFC 3948, 5.2).
Selector as_seen_here(Selector selector, const Context& context) {
  selector.source = Prefix(context.local.address);
  selector.destination = Prefix(context.remote.address);
  return selector;
}

// Seen from us: the source is ours, so IDcr before IDci. Without identities the two hosts themselves are meant.
Result<Selector> proposed_selector(const std::vector<const wire::Identification*>& ids, const Context& context) {
  if (ids.empty())
    return Selector{Prefix(context.local.address), Prefix(context.remote.address), IpProtocol::any, {}, {}};
  if (ids.size() != 2) return Error{ErrorCode::invalid_input, "one of the two is missing"};
  auto theirs = traffic_end_from(*ids[0]);
  if (!theirs) return theirs.error();
  auto ours = traffic_end_from(*ids[1]);
  if (!ours) return ours.error();
  return selector_between(*ours, *theirs);
}

std::vector<wire::Payload> answer_payloads(const Request& request, const Phase2Answer& answer, const Spis& ours,
                                           ByteView nr, const DhKeyPair* dh, const Context& context) {
  std::vector<wire::Payload> payloads{answer.reply(ours), wire::Nonce{to_bytes(nr)}};
  if (dh != nullptr) payloads.push_back(wire::KeyExchange{dh->public_value});
  payloads.insert(payloads.end(), request.identities.begin(), request.identities.end());
  for (auto& address : original_addresses(request.query.mode, Role::responder, context))
    payloads.push_back(std::move(address));
  if (answer.choice.tell_lifetime) payloads.push_back(lifetime_notification(answer.choice, ours));
  return payloads;
}

Outcome send_answer(const Exchanging& state, const DhOutcome* dh, const Context& context) {
  const auto& request = *state.request;
  const auto& choice = state.answer.choice;
  const auto ours = spis_for(choice.transform, context.fresh);
  auto nr = fresh_nonce(context.random);
  auto pair = std::make_shared<Pair>(Pair{*state.protection, choice.transform, ours, choice.peer, Role::responder,
                                          udp_path_of(request.terms.path, context), choice.extended_sequence});
  auto payloads = answer_payloads(request, state.answer, ours, nr, dh != nullptr ? dh->ours.get() : nullptr, context);
  const auto hash = hash_2(context.keys, context.message_id, request.ni, wire::encode_chain(payloads));
  payloads.insert(payloads.begin(), wire::Hash{hash});
  auto sealed = seal(request.channel, header_of(context), payloads);
  if (!sealed) return crypto_failed(sealed.error());
  const auto shared = dh != nullptr ? dh->shared : nullptr;
  Step step;
  step.send = std::move(sealed->message);
  step.install = make_sas(*pair, Direction::in, context.keys, shared.get(), request.ni, nr, context.random);
  step.half = pair;
  step.next = Answered{std::move(sealed->next), request.ni, std::move(nr), std::move(pair), shared};
  return step;
}
}  // namespace

Outcome respond(const Opened& first, const Context& context) {
  const auto covered = after_hash(first);
  const auto* hash = first.chain.only<wire::Hash>();
  if (!covered || hash == nullptr ||
      !equal_constant_time(hash->value, hash_1(context.keys, context.message_id, *covered)))
    return bad_hash();
  if (auto refusal = unknown_payload(first.chain)) return std::move(*refusal);
  const auto* sa = first.chain.only<wire::SecurityAssociation>();
  const auto* nonce = first.chain.only<wire::Nonce>();
  const auto* key = first.chain.only<wire::KeyExchange>();
  if (sa == nullptr || sa->doi != 1 || sa->situation != 1 || nonce == nullptr || nonce->value.size() < 8 ||
      nonce->value.size() > 256)
    return bad_packet("a Quick Mode message 1 without one SA and one NONCE payload");
  const auto ids = first.chain.all<wire::Identification>();
  auto selector = proposed_selector(ids, context);
  if (!selector) return invalid_identity(selector.error().text);
  const auto mode = offered_mode(*sa).value_or(Mode::transport);
  if (context.nat.any() && mode == Mode::transport) *selector = as_seen_here(*selector, context);
  auto request = std::make_shared<Request>();
  request->sa = *sa;
  // NAT-D payloads are not authenticated, and a changed one must not set the two ends at odds for long: the initiator's
  // proposal, which is, decides.
  request->terms = offered_terms(*sa);
  request->ni = nonce->value;
  if (key != nullptr) request->public_value = key->value;
  request->query = {context.local.address,   context.remote.address, mode, *selector,
                    offered_transforms(*sa), offered_group(*sa)};
  for (const auto* id : ids) request->identities.emplace_back(*id);
  request->channel = first.next;
  Step step;
  step.ask = request->query;
  step.next = AskingPolicy{std::move(request)};
  return step;
}

Outcome on(const AskingPolicy& state, const Protection& event, const Context& context) {
  const auto& request = *state.request;
  auto chosen = choose_phase2(event, request.sa, request.terms);
  if (auto* refusal = std::get_if<Refusal>(&chosen)) return std::move(*refusal);
  auto& answer = std::get<Phase2Answer>(chosen);
  const auto group =
      offered_group({1, 1, {wire::ProposalPayload{1, wire::protocol::esp, {}, {answer.chosen.front()}}}});
  Exchanging exchanging{state.request, std::make_shared<const Protection>(event), std::move(answer)};
  if (group.has_value() != request.public_value.has_value())
    return bad_packet("a KE payload and the offered group do not fit together");
  if (!group) return send_answer(exchanging, nullptr, context);
  if (auto checked = check_public_value(*group, *request.public_value); !checked)
    return bad_packet(checked.error().text);
  Step step;
  step.job = DhJob{*group, nullptr, request.public_value};
  step.next = std::move(exchanging);
  return step;
}

Outcome on(const Exchanging& state, const DhOutcome& event, const Context& context) {
  return send_answer(state, &event, context);
}

Outcome on(const Answered& state, const Message& event, const Context& context) {
  const auto* hash = event.opened.chain.only<wire::Hash>();
  if (hash == nullptr ||
      !equal_constant_time(hash->value, hash_3(context.keys, context.message_id, state.ni, state.nr)))
    return bad_hash();
  Step step;
  step.next = Done{};
  step.install =
      make_sas(*state.pair, Direction::out, context.keys, state.shared.get(), state.ni, state.nr, context.random);
  step.complete = state.pair;
  return step;
}

}  // namespace ipsec9000::ike::quick_mode
