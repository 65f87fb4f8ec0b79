#include "ike/aggressive_mode.hpp"

#include "ike/authentication.hpp"
#include "ike/phase1_parts.hpp"
#include "wire/describe.hpp"

namespace ipsec9000::ike::aggressive_mode {

using namespace phase1;

namespace {
constexpr auto exchange = wire::ExchangeType::aggressive;

// One public value goes with all proposals, so they have one group.
IsakmpPolicy of_one_group(const IsakmpPolicy& policy) {
  IsakmpPolicy narrowed = policy;
  std::erase_if(narrowed.proposals,
                [&](const auto& proposal) { return proposal.group != policy.proposals.front().group; });
  return narrowed;
}

// Message 2: what must be in it, and of the rest as much as there is room for.
Bytes answer_message(const Agreed& agreed, std::vector<wire::Payload> payloads, std::size_t room,
                     const Context& context) {
  const auto header = header_of(agreed.cookies, exchange);
  auto least = wire::encode_message(header, payloads);
  if (least.size() >= room) return least;
  for (auto& id : our_vendor_ids(agreed.features, room - least.size())) payloads.push_back(std::move(id));
  auto announced = wire::encode_message(header, payloads);
  if (!agreed.features.nat_traversal) return announced;
  for (auto& payload :
       nat_discovery_payloads(agreed.choice.proposal.hash, agreed.cookies, context.local, context.remote))
    payloads.push_back(std::move(payload));
  auto whole = wire::encode_message(header, payloads);
  return whole.size() > room ? announced : whole;
}

Refusal too_short() { return bad_packet("a first message less than half as long as our answer to it would be"); }
}  // namespace

std::variant<Event, Refusal> read_clear(const wire::Header& header, ByteView message) {
  auto read = read_chain(header, message);
  if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
  const auto& chain = std::get<wire::DecodedChain>(read);
  const auto* sa = chain.only<wire::SecurityAssociation>();
  const auto* key = chain.only<wire::KeyExchange>();
  const auto* nonce = chain.only<wire::Nonce>();
  const auto* id = chain.only<wire::Identification>();
  const auto* hash = chain.only<wire::Hash>();
  if (sa == nullptr && hash != nullptr) return Event{Proof{hash->value, nat_discovery_in(chain), false, std::nullopt}};
  if (sa == nullptr || key == nullptr || nonce == nullptr || id == nullptr ||
      !std::holds_alternative<wire::SecurityAssociation>(chain.payloads.front().value))
    return bad_packet("not one each of SA (first), KE, NONCE and ID: " + wire::describe(header, &chain));
  if (auto refusal = check_nonce(nonce->value)) return std::move(*refusal);
  const auto& id_body = *chain.body_of<wire::Identification>();
  if (hash != nullptr)
    return Event{Answer{header, *sa, key->value, nonce->value, *id, id_body, hash->value, features_of(chain),
                        nat_discovery_in(chain)}};
  return Event{Offer{header, *sa, *chain.body_of<wire::SecurityAssociation>(), key->value, nonce->value, *id, id_body,
                     features_of(chain), message.size()}};
}

std::variant<Event, Refusal> read_encrypted(const Agreed& agreed, const Channel& channel, const wire::Header& header,
                                            ByteView message) {
  const auto& authentication = authentication_of(agreed.choice.authentication);
  auto opened = open(channel, header, message);
  if (!opened) return authentication.unreadable(opened.error());
  const auto* hash = opened->chain.only<wire::Hash>();
  if (hash == nullptr) return authentication.unreadable({ErrorCode::invalid_input, "no HASH payload in it"});
  if (auto refusal = unknown_payload(opened->chain)) return std::move(*refusal);
  return Event{Proof{hash->value, nat_discovery_in(opened->chain), says_initial_contact(opened->chain),
                     std::move(opened->next)}};
}

// ---- initiator
Step start(const Context& context) {
  return Step{GeneratingKey{fresh_cookie(context.random)}, std::nullopt,
              DhJob{context.policy.proposals.front().group, nullptr, std::nullopt}, std::nullopt};
}

Outcome on(const GeneratingKey& state, const DhOutcome& event, const Context& context) {
  const auto offer = offer_phase1(of_one_group(context.policy), method_number(context));
  auto ni = fresh_nonce(context.random);
  std::vector<wire::Payload> payloads{offer, wire::KeyExchange{event.ours->public_value}, wire::Nonce{ni},
                                      our_identification(context)};
  for (auto& id : our_vendor_ids()) payloads.push_back(std::move(id));
  auto message = wire::encode_message(header_of({state.ours, {}}, exchange), payloads);
  return Step{Offered{state.ours, wire::encode_body(offer), event.ours, std::move(ni)}, std::move(message),
              std::nullopt, std::nullopt};
}

Outcome on(const Offered& state, const Answer& event, const Context& context) {
  if (event.header.cookies.responder == wire::Cookie{}) return bad_packet("message 2 without a responder's cookie");
  auto accepted = accept_phase1(of_one_group(context.policy), method_number(context), event.sa);
  if (auto* refusal = std::get_if<Refusal>(&accepted)) return std::move(*refusal);
  const auto& choice = std::get<Phase1Choice>(accepted);
  if (auto refusal = check_public(event.public_value, choice.proposal.group)) return std::move(*refusal);
  if (event.public_value == state.dh->public_value) return bad_packet("our own public value came back");
  const auto agreed = std::make_shared<const Agreed>(
      Agreed{{state.ours, event.header.cookies.responder}, state.sa_body, choice, event.features});
  Step step;
  step.job = DhJob{choice.proposal.group, state.dh, event.public_value};
  step.next = Deriving{with_nat(agreed, event.nat_discovery, context),
                       state.dh,
                       state.ni,
                       event.nonce,
                       event.public_value,
                       event.id,
                       event.id_body,
                       event.hash};
  return step;
}

Outcome on(const Deriving& state, const DhOutcome& event, const Context& context) {
  const auto& agreed = *state.agreed;
  const auto& cookies = agreed.cookies;
  const auto channel =
      open_channel(agreed, context, state.ni, state.nr, *event.shared, {state.dh->public_value, state.peer_public});
  auto checked =
      check_authentication(agreed, channel, {state.id, state.id_body, state.hash, {}, {}, false, channel},
                           {state.peer_public, state.dh->public_value, cookies.responder, cookies.initiator}, context);
  if (auto* refusal = std::get_if<Refusal>(&checked)) {
    refusal->notify = 0;
    refusal->fatal = true;  // whoever sent it has seen our cookie, and there is no way back
    return std::move(*refusal);
  }
  std::vector<wire::Payload> payloads{wire::Hash{our_hash(
      agreed, channel, {state.dh->public_value, state.peer_public, cookies.initiator, cookies.responder}, context)}};
  if (agreed.features.nat_traversal) {
    auto [local, remote] = std::pair{context.local, context.remote};
    if (agreed.nat.any()) local.port = remote.port = nat_traversal_port;  // where this message goes
    for (auto& payload : nat_discovery_payloads(agreed.choice.proposal.hash, cookies, local, remote))
      payloads.push_back(std::move(payload));
  }
  if (context.initial_contact) payloads.push_back(initial_contact_payload(cookies));
  auto sealed = seal(channel, header_of(cookies, exchange), payloads);
  if (!sealed) return crypto_failed(sealed.error());
  auto established = established_from(agreed, sealed->next, context, std::get<Identity>(checked), false);
  return Step{Done{}, std::move(sealed->message), std::nullopt, std::move(established)};
}

// ---- responder
Outcome respond(const Offer& first, const Context& context) {
  auto chosen = choose_phase1(context.policy, method_number(context), first.sa);
  if (auto* refusal = std::get_if<Refusal>(&chosen)) return std::move(*refusal);
  const auto& choice = std::get<Phase1Answer>(chosen).choice;
  if (auto refusal = check_public(first.public_value, choice.proposal.group)) return std::move(*refusal);
  if (auto refusal = check_identity(first.id, context)) return std::move(*refusal);
  const wire::Cookies cookies{first.header.cookies.initiator, fresh_cookie(context.random)};
  Step step;
  step.job = DhJob{choice.proposal.group, nullptr, first.public_value};
  step.next = Exchanging{std::make_shared<const Agreed>(Agreed{cookies, first.sa_body, choice, first.features}),
                         first.nonce,
                         fresh_nonce(context.random),
                         first.public_value,
                         first.id,
                         first.id_body,
                         std::get<Phase1Answer>(chosen).reply,
                         2 * first.size};
  return step;
}

Outcome on(const Exchanging& state, const DhOutcome& event, const Context& context) {
  const auto& agreed = *state.agreed;
  const auto& cookies = agreed.cookies;
  auto channel =
      open_channel(agreed, context, state.ni, state.nr, *event.shared, {state.peer_public, event.ours->public_value});
  const auto id = our_identification(context);
  const auto hash = our_hash(
      agreed, channel, {event.ours->public_value, state.peer_public, cookies.responder, cookies.initiator}, context);
  auto message = answer_message(
      agreed, {state.reply, wire::KeyExchange{event.ours->public_value}, wire::Nonce{state.nr}, id, wire::Hash{hash}},
      state.room, context);
  if (message.size() > state.room) {
    auto refusal = too_short();
    refusal.fatal = true;
    return refusal;
  }
  return Step{
      Answered{state.agreed, std::move(channel), event.ours->public_value, state.peer_public, state.id, state.id_body},
      std::move(message), std::nullopt, std::nullopt};
}

Outcome on(const Answered& state, const Proof& event, const Context& context) {
  const auto& cookies = state.agreed->cookies;
  const auto last = event.next.value_or(state.channel);
  auto checked =
      check_authentication(*state.agreed, state.channel, {state.id, state.id_body, event.hash, {}, {}, false, last},
                           {state.peer_public, state.our_public, cookies.initiator, cookies.responder}, context);
  if (auto* refusal = std::get_if<Refusal>(&checked)) return std::move(*refusal);
  const auto agreed = with_nat(state.agreed, event.nat_discovery, context);
  Step step;
  step.next = Done{};
  step.established = established_from(*agreed, last, context, std::get<Identity>(checked), event.initial_contact);
  return step;
}

}  // namespace ipsec9000::ike::aggressive_mode
