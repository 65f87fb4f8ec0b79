#include "ike/authentication.hpp"
#include "ike/main_mode_proof.hpp"
#include "ike/phase1_parts.hpp"

namespace ipsec9000::ike::main_mode {

using namespace phase1;

Step start(const Context& context) {
  const auto ours = fresh_cookie(context.random);
  const auto offer = offer_phase1(context.policy, method_number(context));
  const auto body = wire::encode_body(offer);
  std::vector<wire::Payload> payloads{offer};
  for (auto& id : our_vendor_ids()) payloads.push_back(std::move(id));
  const auto message = wire::encode_message(header_of({ours, {}}), payloads);
  return Step{SaSent{ours, body}, message, std::nullopt, std::nullopt};
}

Outcome on(const SaSent& state, const SaMessage& event, const Context& context) {
  if (event.header.cookies.responder == wire::Cookie{}) return bad_packet("message 2 without a responder's cookie");
  auto accepted = accept_phase1(context.policy, method_number(context), event.sa);
  if (auto* refusal = std::get_if<Refusal>(&accepted)) return std::move(*refusal);
  const auto& choice = std::get<Phase1Choice>(accepted);
  auto agreed = std::make_shared<const Agreed>(
      Agreed{{state.ours, event.header.cookies.responder}, state.sa_body, choice, event.features});
  return Step{GeneratingKey{std::move(agreed)}, std::nullopt, DhJob{choice.proposal.group, nullptr, std::nullopt},
              std::nullopt};
}

Outcome on(const GeneratingKey& state, const DhOutcome& event, const Context& context) {
  auto ni = fresh_nonce(context.random);
  const auto message = key_message(*state.agreed, event.ours->public_value, ni, context);
  return Step{KeySent{state.agreed, event.ours, std::move(ni)}, message, std::nullopt, std::nullopt};
}

Outcome on(const KeySent& state, const KeyMessage& event, const Context& context) {
  const auto group = state.agreed->choice.proposal.group;
  if (auto refusal = check_public(event.public_value, group)) return std::move(*refusal);
  if (event.public_value == state.dh->public_value) return bad_packet("our own public value came back");
  return Step{Deriving{with_nat(state.agreed, event.nat_discovery, context), state.dh, state.ni, event.nonce,
                       event.public_value},
              std::nullopt, DhJob{group, state.dh, event.public_value}, std::nullopt};
}

Outcome on(const Deriving& state, const DhOutcome& event, const Context& context) {
  auto channel = open_channel(*state.agreed, context, state.ni, state.nr, *event.shared,
                              {state.dh->public_value, state.peer_public});
  return prove({state.agreed, std::move(channel), state.dh->public_value, state.peer_public, std::nullopt}, context);
}

Outcome on(const AuthSent& state, const AuthMessage& event, const Context& context) {
  return check(state, event, context);
}

}  // namespace ipsec9000::ike::main_mode
