// Main Mode with pre-shared keys (RFC 2409, 5.4), both roles. One type a state, holding what is known by then; the
// handlers' signatures are the transition table:
//
//   initiator   start                     -> SaSent         message 1
//               SaSent    x SaMessage     -> GeneratingKey  job: our key pair
//               GeneratingKey x DhOutcome -> KeySent        message 3
//               KeySent   x KeyMessage    -> Deriving       job: g^xy
//               Deriving  x DhOutcome     -> AuthSent       message 5
//               AuthSent  x AuthMessage   -> Done           established
//   responder   start x SaMessage         -> SaReplied      message 2
//               SaReplied x KeyMessage    -> Exchanging     job: our key pair and g^xy
//               Exchanging x DhOutcome    -> KeyReplied     message 4
//               KeyReplied x AuthMessage  -> Done           message 6, established
#pragma once
#include <memory>
#include <optional>
#include <variant>

#include "ike/channel.hpp"
#include "ike/nat_traversal.hpp"
#include "ike/phase1_offer.hpp"
#include "ike/types.hpp"

namespace ipsec9000::ike::main_mode {

struct PeerFeatures {
  bool dead_peer_detection = false;
  bool nat_traversal = false;
  bool fragmentation = false;
};

// What both roles know once the proposal is chosen.
struct Agreed {
  wire::Cookies cookies;
  Bytes sa_body;  // SAi_b: the initiator's SA payload as it went over the wire
  Phase1Choice choice;
  PeerFeatures features;
  NatFound nat = {};  // known once message 3 or 4 has come
};

struct SaSent {
  wire::Cookie ours;
  Bytes sa_body;
};
struct GeneratingKey {
  std::shared_ptr<const Agreed> agreed;
};
struct KeySent {
  std::shared_ptr<const Agreed> agreed;
  std::shared_ptr<const DhKeyPair> dh;
  Bytes ni;
};
struct Deriving {
  std::shared_ptr<const Agreed> agreed;
  std::shared_ptr<const DhKeyPair> dh;
  Bytes ni;
  Bytes nr;
  Bytes peer_public;
};
struct AuthSent {
  std::shared_ptr<const Agreed> agreed;
  Channel channel;
  Bytes our_public;
  Bytes peer_public;
};
struct SaReplied {
  std::shared_ptr<const Agreed> agreed;
};
struct Exchanging {
  std::shared_ptr<const Agreed> agreed;
  Bytes ni;
  Bytes nr;
  Bytes peer_public;
};
struct KeyReplied {
  std::shared_ptr<const Agreed> agreed;
  Channel channel;
  Bytes our_public;
  Bytes peer_public;
};
struct Done {};
using State = std::variant<SaSent, GeneratingKey, KeySent, Deriving, AuthSent, SaReplied, Exchanging, KeyReplied, Done>;

// "message 3 (key exchange) sent": where a negotiation stands, for records.
std::string describe(const State& state);
// What was agreed by then; null before message 2.
const Agreed* agreed_in(const State& state);

// ---- what can happen
struct SaMessage {
  wire::Header header;
  wire::SecurityAssociation sa;
  Bytes sa_body;
  PeerFeatures features;
  std::size_t size;
};
struct KeyMessage {
  Bytes public_value;
  Bytes nonce;
  std::vector<Bytes> nat_discovery = {};
};
struct AuthMessage {
  wire::Identification id;
  Bytes id_body;
  Bytes hash;
  bool initial_contact;
  Channel next;
};
using Event = std::variant<SaMessage, KeyMessage, AuthMessage, DhOutcome>;

// Makes the typed event of a message, or says why it is none. Encrypted messages are opened with the state's channel.
std::variant<Event, Refusal> read_message(const State& state, const wire::Header& header, ByteView message);

// ---- what a step needs and gives
struct Context {
  const IsakmpPolicy& policy;
  const Secret* pre_shared_key;  // never null once message 3 or 4 is due
  Endpoint local;
  Endpoint remote;
  RandomSource& random;
  bool initial_contact;  // we have no other SA with this peer: say so
};

struct Established {
  wire::Cookies cookies;
  Phase1Choice choice;
  std::shared_ptr<const Phase1Keys> keys;
  Bytes last_block;  // phase 2 IVs grow from it
  Identity peer;
  PeerFeatures features;
  NatFound nat = {};
  bool initial_contact = false;  // the peer says it has no other SA with us
};

struct Step {
  State next;
  std::optional<Bytes> send;
  std::optional<DhJob> job;
  std::optional<Established> established;
};
using Outcome = std::variant<Step, Refusal>;

Step start(const Context& context);                               // as initiator
Outcome respond(const SaMessage& first, const Context& context);  // as responder

Outcome on(const SaSent& state, const SaMessage& event, const Context& context);
Outcome on(const GeneratingKey& state, const DhOutcome& event, const Context& context);
Outcome on(const KeySent& state, const KeyMessage& event, const Context& context);
Outcome on(const Deriving& state, const DhOutcome& event, const Context& context);
Outcome on(const AuthSent& state, const AuthMessage& event, const Context& context);
Outcome on(const SaReplied& state, const KeyMessage& event, const Context& context);
Outcome on(const Exchanging& state, const DhOutcome& event, const Context& context);
Outcome on(const KeyReplied& state, const AuthMessage& event, const Context& context);

// Picks the handler for this state and event; a pair that is not in the table is unexpected. Never changes `state`.
Outcome advance(const State& state, const Event& event, const Context& context);

}  // namespace ipsec9000::ike::main_mode
