// The security association payload of phase 1: what we offer, what we take (RFC 2409, 5 and appendix A).
#pragma once
#include <optional>
#include <variant>

#include "ike/types.hpp"
#include "wire/message.hpp"

namespace ipsec9000::ike {

// What both ends settled on.
struct Phase1Choice {
  IkeProposal proposal;
  AuthenticationMethod authentication = AuthenticationMethod::psk;
  std::uint32_t lifetime = 28800;  // seconds, the shorter of both
  auto operator<=>(const Phase1Choice&) const = default;
};

// `method`: of wire::oakley, what both ends are to prove themselves with.
wire::SecurityAssociation offer_phase1(const IsakmpPolicy& policy, std::uint16_t method);

// The responder's choice: the first of the peer's transforms that our policy allows, and the reply that holds it as it
// was offered. A Refusal names the single attribute that kept the nearest two apart.
struct Phase1Answer {
  Phase1Choice choice;
  wire::SecurityAssociation reply;
};
std::variant<Phase1Answer, Refusal> choose_phase1(const IsakmpPolicy& policy, std::uint16_t method,
                                                  const wire::SecurityAssociation& offered);

// The initiator's check: exactly one transform, and one that we offered.
std::variant<Phase1Choice, Refusal> accept_phase1(const IsakmpPolicy& policy, std::uint16_t method,
                                                  const wire::SecurityAssociation& reply);

}  // namespace ipsec9000::ike
