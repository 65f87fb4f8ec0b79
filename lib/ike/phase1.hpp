// What the exchanges of phase 1, Main Mode and Aggressive Mode, share (RFC 2409, 5): what they agree on, need and give.
#pragma once
#include <memory>
#include <optional>
#include <variant>

#include "ike/channel.hpp"
#include "ike/nat_traversal.hpp"
#include "ike/phase1_offer.hpp"
#include "ike/types.hpp"

namespace ipsec9000::ike::phase1 {

struct PeerFeatures {
  bool dead_peer_detection = false;
  bool nat_traversal = false;
  bool fragmentation = false;
  bool extended_sequence = false;
};

// What both roles know once the proposal is chosen.
struct Agreed {
  wire::Cookies cookies;
  Bytes sa_body;  // SAi_b: the initiator's SA payload as it went over the wire
  Phase1Choice choice;
  PeerFeatures features;
  NatFound nat = {};  // known once NAT-D payloads have come
};

struct Context {
  const IsakmpPolicy& policy;
  const Credentials& credentials;
  std::shared_ptr<const pki::Credential> own;  // with signatures, for the whole negotiation; see choose_own
  Endpoint local;
  Endpoint remote;
  RandomSource& random;
  bool initial_contact;  // we have no other SA with this peer: say so
  // Where the message at hand came from and to, if that is not remote and local: the peer may have changed its port.
  std::optional<std::pair<Endpoint, Endpoint>> arrived = {};
  std::shared_ptr<Transcript> transcript = {};  // for the keys to come; may be null
};

struct Established {
  wire::Cookies cookies;
  Phase1Choice choice;
  std::shared_ptr<const Phase1Keys> keys;
  Bytes last_block;  // phase 2 IVs grow from it
  Identity ours;     // as we said who we are
  Identity peer;
  PeerFeatures features;
  NatFound nat = {};
  bool initial_contact = false;  // the peer says it has no other SA with us
};

struct Step;     // phase1_states.hpp
struct Retreat;  // the same
using Outcome = std::variant<Step, Refusal, Retreat>;

// Main Mode's message 5 or 6 as it came, its proof not yet looked at.
struct AuthMessage {
  wire::Identification id;
  Bytes id_body;
  Bytes hash;       // empty: none
  Bytes signature;  // empty: none
  std::vector<wire::Certificate> certificates;
  bool initial_contact;
  Channel next;
  std::vector<Bytes> requests = {};  // CAs of which the peer wants our certificate
};

}  // namespace ipsec9000::ike::phase1
