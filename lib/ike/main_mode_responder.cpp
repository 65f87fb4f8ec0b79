#include "ike/authentication.hpp"
#include "ike/main_mode_proof.hpp"
#include "ike/phase1_parts.hpp"

namespace ipsec9000::ike::main_mode {

using namespace phase1;

Outcome respond(const SaMessage& first, const Context& context) {
  auto chosen = choose_phase1(context.policy, method_number(context), first.sa);
  if (auto* refusal = std::get_if<Refusal>(&chosen)) return std::move(*refusal);
  auto& answer = std::get<Phase1Answer>(chosen);
  const wire::Cookies cookies{first.header.cookies.initiator, fresh_cookie(context.random)};
  std::vector<wire::Payload> payloads{answer.reply};
  // The address is not proven yet: whoever forged it must not get more bytes sent there than he paid for.
  const auto least = wire::encode_message(header_of(cookies), payloads).size();
  if (least > first.size) return bad_packet("a first message shorter than our answer to it would be");
  for (auto& id : our_vendor_ids(first.features, first.size - least)) payloads.push_back(std::move(id));
  auto message = wire::encode_message(header_of(cookies), payloads);
  auto agreed = std::make_shared<const Agreed>(Agreed{cookies, first.sa_body, answer.choice, first.features});
  return Step{SaReplied{std::move(agreed)}, std::move(message), std::nullopt, std::nullopt};
}

Outcome on(const SaReplied& state, const KeyMessage& event, const Context& context) {
  const auto group = state.agreed->choice.proposal.group;
  if (auto refusal = check_public(event.public_value, group)) return std::move(*refusal);
  return Step{Exchanging{with_nat(state.agreed, event.nat_discovery, context), event.nonce, fresh_nonce(context.random),
                         event.public_value},
              std::nullopt, DhJob{group, nullptr, event.public_value}, std::nullopt};
}

Outcome on(const Exchanging& state, const DhOutcome& event, const Context& context) {
  const auto channel = open_channel(*state.agreed, context, state.ni, state.nr, *event.shared,
                                    {state.peer_public, event.ours->public_value});
  const auto message = key_message(*state.agreed, event.ours->public_value, state.nr, context,
                                   authentication_of(state.agreed->choice.authentication).requests(context));
  return Step{KeyReplied{state.agreed, channel, event.ours->public_value, state.peer_public}, message, std::nullopt,
              std::nullopt};
}

Outcome on(const KeyReplied& state, const AuthMessage& event, const Context& context) {
  return check(state, event, context);
}

}  // namespace ipsec9000::ike::main_mode
