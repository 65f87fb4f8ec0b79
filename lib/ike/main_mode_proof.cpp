#include "ike/main_mode_proof.hpp"

#include "ike/authentication.hpp"
#include "ike/phase1_parts.hpp"

namespace ipsec9000::ike::main_mode {

using namespace phase1;

namespace {
// Anybody on the way can make us verify a changed copy of the peer's message; not for ever.
constexpr unsigned most_unproven = 4;

const Authentication& method_of(const Agreed& agreed) { return authentication_of(agreed.choice.authentication); }

Proof ours(const Signing& state) {
  const auto& cookies = state.agreed->cookies;
  if (state.accepted) return {state.our_public, state.peer_public, cookies.responder, cookies.initiator};
  return {state.our_public, state.peer_public, cookies.initiator, cookies.responder};
}
Proof theirs(const AuthSent& state) {
  return {state.peer_public, state.our_public, state.agreed->cookies.responder, state.agreed->cookies.initiator};
}
Proof theirs(const KeyReplied& state) {
  return {state.peer_public, state.our_public, state.agreed->cookies.initiator, state.agreed->cookies.responder};
}

Outcome send_proof(const Signing& state, Payloads proof, const Context& context) {
  const auto& agreed = *state.agreed;
  Payloads payloads{our_identification(context)};
  for (auto& payload : proof) payloads.push_back(std::move(payload));
  if (!state.accepted) {
    for (auto& request : method_of(agreed).requests(context)) payloads.push_back(std::move(request));
    if (context.initial_contact) payloads.push_back(initial_contact_payload(agreed.cookies));
  }
  auto sealed = seal(state.channel, header_of(agreed.cookies), payloads);
  if (!sealed) return crypto_failed(sealed.error());
  if (!state.accepted)
    return Step{AuthSent{state.agreed, std::move(sealed->next), state.our_public, state.peer_public},
                std::move(sealed->message), std::nullopt, std::nullopt};
  auto established =
      established_from(agreed, sealed->next, context, state.accepted->peer, state.accepted->initial_contact);
  return Step{Done{}, std::move(sealed->message), std::nullopt, std::move(established)};
}

Outcome accept(const AuthSent& state, const AuthMessage& message, const Identity& peer, const Context& context) {
  return Step{Done{}, std::nullopt, std::nullopt,
              established_from(*state.agreed, message.next, context, peer, message.initial_contact)};
}
Outcome accept(const KeyReplied& state, const AuthMessage& message, const Identity& peer, const Context& context) {
  return prove(
      {state.agreed, message.next, state.our_public, state.peer_public, Accepted{peer, message.initial_contact}},
      context);
}

Outcome check_any(const auto& state, const AuthMessage& message, const Context& context) {
  if (state.unproven >= most_unproven) return unexpected("too many messages already that proved nothing");
  auto checked = check_authentication(*state.agreed, state.channel, message, theirs(state), context);
  if (auto* refusal = std::get_if<Refusal>(&checked)) return std::move(*refusal);
  if (const auto* peer = std::get_if<Identity>(&checked)) return accept(state, message, *peer, context);
  return Step{Verifying{state.agreed, state, message}, std::nullopt, std::move(std::get<VerifyJob>(checked)),
              std::nullopt};
}
}  // namespace

Outcome prove(Signing state, const Context& context) {
  auto proving = method_of(*state.agreed).prove(context, our_hash(*state.agreed, state.channel, ours(state), context));
  if (auto* payloads = std::get_if<Payloads>(&proving)) return send_proof(state, std::move(*payloads), context);
  return Step{std::move(state), std::nullopt, std::move(std::get<SignJob>(proving)), std::nullopt};
}

Outcome check(const AuthSent& state, const AuthMessage& message, const Context& context) {
  return check_any(state, message, context);
}
Outcome check(const KeyReplied& state, const AuthMessage& message, const Context& context) {
  return check_any(state, message, context);
}

Outcome on(const Signing& state, const SignOutcome& event, const Context& context) {
  return send_proof(state, method_of(*state.agreed).signed_proof(context, event), context);
}

Outcome on(const Verifying& state, const VerifyOutcome& event, const Context& context) {
  return std::visit(
      [&](auto before) -> Outcome {
        auto refusal = judge(event);
        if (!refusal) return accept(before, state.message, identity_from(state.message.id), context);
        if (refusal->fatal) return std::move(*refusal);
        ++before.unproven;
        return Retreat{std::move(before), std::move(*refusal)};
      },
      state.before);
}

}  // namespace ipsec9000::ike::main_mode
