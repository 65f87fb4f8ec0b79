// The security association payload of Quick Mode (RFC 2407, 4.4 and 4.5): what we offer, what we take.
#pragma once
#include <optional>
#include <variant>

#include "ike/types.hpp"
#include "wire/message.hpp"

namespace ipsec9000::ike {

// One SPI for each protocol in play, chosen by the receiver of the traffic.
struct Spis {
  std::optional<Spi> ah;
  std::optional<Spi> esp;
  auto operator<=>(const Spis&) const = default;
};

struct Phase2Choice {
  Transform transform;  // its lifetime is the shorter of both ends'
  Spis peer;            // for what we send
  bool extended_sequence = false;
  bool tell_lifetime = false;  // ours is shorter than what the peer offered: RESPONDER-LIFETIME
};

// What carries ESP between the hosts. Where addresses are translated it is UDP, and AH cannot pass (RFC 3947, 5.1).
enum class Path : std::uint8_t { direct, udp };

// What both ends must mean alike, besides what a policy says.
struct Terms {
  Path path = Path::direct;
  bool extended_sequence =
      false;  // 64-bit sequence numbers (RFC 4304): offered only to a peer that is known to do them
};

// The SPIs are ours, for what we receive; those that no transform needs are not mentioned. May be without proposals
// where the path is UDP and every transform has AH.
wire::SecurityAssociation offer_phase2(const Protection& protection, const Spis& ours, const Terms& terms = {});

// How the peer wants packets wrapped; nothing when it does not say or says what we do not do.
std::optional<Mode> offered_mode(const wire::SecurityAssociation& offered);
// Those of its first transform.
Terms offered_terms(const wire::SecurityAssociation& offered);
// What of an offer we understand, as configuration would name it, without its lifetimes; at most `limit`.
std::vector<Transform> offered_transforms(const wire::SecurityAssociation& offered, std::size_t limit = 64);
// The group of the first transform; nothing without PFS.
std::optional<Group> offered_group(const wire::SecurityAssociation& offered);

struct Phase2Answer {
  Phase2Choice choice;
  std::uint8_t number = 0;                     // of the chosen proposal
  std::vector<wire::TransformPayload> chosen;  // as offered, AH first where there are two
  wire::SecurityAssociation reply(const Spis& ours) const;
};
// The responder's choice, in the peer's order of preference.
std::variant<Phase2Answer, Refusal> choose_phase2(const Protection& protection,
                                                  const wire::SecurityAssociation& offered, const Terms& terms = {});

// The initiator's check: one proposal (number), one transform for each protocol, all of it offered by us.
std::variant<Phase2Choice, Refusal> accept_phase2(const Protection& protection, const wire::SecurityAssociation& reply,
                                                  const Terms& terms = {});

// RESPONDER-LIFETIME (RFC 2407, 4.6.3.1) both ways.
wire::Notification lifetime_notification(const Phase2Choice& choice, const Spis& ours);
void apply_lifetime_notification(const wire::Notification& notification, Lifetime& lifetime);

}  // namespace ipsec9000::ike
