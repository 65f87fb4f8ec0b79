// A phase 1 negotiation at one moment, whichever exchange it is: the states, the events, the way from one to the next.
#pragma once
#include "ike/aggressive_mode.hpp"
#include "ike/main_mode.hpp"

namespace ipsec9000::ike::phase1 {

using State = std::variant<main_mode::SaSent, main_mode::GeneratingKey, main_mode::KeySent, main_mode::Deriving,
                           main_mode::AuthSent, main_mode::SaReplied, main_mode::Exchanging, main_mode::KeyReplied,
                           main_mode::Signing, main_mode::Verifying, main_mode::Done, aggressive_mode::GeneratingKey,
                           aggressive_mode::Offered, aggressive_mode::Deriving, aggressive_mode::Exchanging,
                           aggressive_mode::Answered, aggressive_mode::Done>;
// "message 3 (KE) was sent, ...": where a negotiation stands, for records.
std::string describe(const State& state);
// What was agreed by then; null before.
const Agreed* agreed_in(const State& state);
// What messages 5 and 6, and an Informational Exchange about them, are read with; null before there are keys.
const Channel* channel_of(const State& state);
// A signature is being made or verified: the peer has its answer to wait for.
bool is_weighing_proof(const State& state);
// The exchange is over; it only answers repeated messages.
bool is_done(const State& state);

using Event = std::variant<main_mode::SaMessage, main_mode::KeyMessage, main_mode::AuthMessage, aggressive_mode::Offer,
                           aggressive_mode::Answer, aggressive_mode::Proof, DhOutcome, SignOutcome, VerifyOutcome>;

// Makes the typed event of a message, or says why it is none. Encrypted messages are opened with the state's channel.
std::variant<Event, Refusal> read_message(const State& state, const wire::Header& header, ByteView message);

struct Step {
  State next;
  std::optional<Bytes> send;
  std::optional<Job> job;
  std::optional<Established> established;
};

// What was taken for a message of the peer's did not prove it: the negotiation is again where it was before.
struct Retreat {
  State back;
  Refusal why;
};

// Picks the handler for this state and event; a pair that is in no table is unexpected. Never changes `state`.
Outcome advance(const State& state, const Event& event, const Context& context);

}  // namespace ipsec9000::ike::phase1
