// Quick Mode (RFC 2409, 5.5), both roles:
//
//   initiator   start                      -> GeneratingKey (PFS)  job: our key pair
//                                          -> Offered              message 1
//               GeneratingKey x DhOutcome  -> Offered              message 1
//               Offered x Message          -> Deriving (PFS)       job: g^xy
//                                          -> Done                 both SAs installed, message 3
//               Deriving x DhOutcome       -> Done                 both SAs installed, message 3
//   responder   start x Message            -> AskingPolicy         question to the policy manager
//               AskingPolicy x Protection  -> Exchanging (PFS)     job: our key pair and g^xy
//                                          -> Answered             inbound SA installed, message 2
//               Exchanging x DhOutcome     -> Answered             inbound SA installed, message 2
//               Answered x Message         -> Done                 outbound SA installed
//
// The responder can receive before the initiator can send, and the initiator can receive before the responder sends:
// no packet meets a missing SA.
#pragma once
#include <memory>
#include <optional>
#include <variant>

#include "ike/channel.hpp"
#include "ike/nat_traversal.hpp"
#include "ike/phase2_offer.hpp"
#include "ike/types.hpp"

namespace ipsec9000::ike::quick_mode {

// How ESP passes address translation: our port and the peer's, and whether the translation is on our side, so that it
// is ours to keep its memory fresh.
struct UdpPath {
  std::uint16_t local = nat_traversal_port;
  std::uint16_t remote = nat_traversal_port;
  bool keep_alive = false;
  auto operator<=>(const UdpPath&) const = default;
};

// The pair of SAs a negotiation is about. `protection.selector` is what the two ends agreed on.
struct Pair {
  Protection protection;
  Transform transform;  // with the agreed lifetime
  Spis ours;            // what we receive
  Spis peer;            // what we send
  Role role = Role::initiator;
  std::optional<UdpPath> udp = {};
  bool extended_sequence = false;
};

struct GeneratingKey {
  std::shared_ptr<const Protection> protection;
};
struct Offered {
  std::shared_ptr<const Protection> protection;
  Channel channel;
  Spis ours;
  Bytes ni;
  std::shared_ptr<const DhKeyPair> dh;
};
struct Deriving {
  std::shared_ptr<const Protection> protection;
  Channel channel;
  Spis ours;
  Bytes ni;
  Bytes nr;
  Phase2Choice choice;
};
struct Request;  // what message 1 said; below
struct AskingPolicy {
  std::shared_ptr<const Request> request;
};
struct Exchanging {
  std::shared_ptr<const Request> request;
  std::shared_ptr<const Protection> protection;
  Phase2Answer answer;
};
struct Answered {
  Channel channel;
  Bytes ni;
  Bytes nr;
  std::shared_ptr<const Pair> pair;
  std::shared_ptr<const Secret> shared;
};
struct Done {};
using State = std::variant<GeneratingKey, Offered, Deriving, AskingPolicy, Exchanging, Answered, Done>;
std::string describe(const State& state);

// An authenticated message of this exchange: decrypted; its HASH is checked by the handler, which knows the nonces.
struct Message {
  Opened opened;
};
using Event = std::variant<Message, DhOutcome, Protection>;

struct Request {
  wire::SecurityAssociation sa;
  Terms terms;
  Bytes ni;
  std::optional<Bytes> public_value;
  CoverQuery query;
  std::vector<wire::Payload> identities;  // IDci and IDcr as they came, to be returned; or none
  Channel channel;                        // for message 2
};

struct Context {
  const Phase1Keys& keys;
  wire::Cookies cookies;
  std::uint32_t message_id;
  Endpoint local;
  Endpoint remote;
  RandomSource& random;
  const Spis& fresh;  // unused SPIs, ours to take
  NatFound nat = {};
  bool extended_sequence = false;  // the peer can do 64-bit sequence numbers
};

struct Step {
  State next;
  std::optional<Bytes> send;
  std::optional<DhJob> job;
  std::optional<CoverQuery> ask;
  std::vector<SaInstall> install;
  std::shared_ptr<const Pair> half;  // the responder's pair once it can receive
  std::shared_ptr<const Pair> complete;
};
using Outcome = std::variant<Step, Refusal>;

Outcome start(const Protection& protection, const Channel& channel, const Context& context);  // as initiator
Outcome respond(const Opened& first, const Context& context);                                 // as responder

Outcome on(const GeneratingKey& state, const DhOutcome& event, const Context& context, const Channel& channel);
Outcome on(const Offered& state, const Message& event, const Context& context);
Outcome on(const Deriving& state, const DhOutcome& event, const Context& context);
Outcome on(const AskingPolicy& state, const Protection& event, const Context& context);
Outcome on(const Exchanging& state, const DhOutcome& event, const Context& context);
Outcome on(const Answered& state, const Message& event, const Context& context);

// As main_mode::advance. `channel` is the exchange's first one (needed before message 1 is sent).
Outcome advance(const State& state, const Event& event, const Context& context, const Channel& channel);

// The channel with which the other end's next message of this exchange is opened; null while none is awaited.
const Channel* channel_of(const State& state);

// The ports of one direction.
UdpPorts udp_ports(const UdpPath& path, Direction direction);

// The SAs of one direction of a pair, with keys (RFC 2409, 5.5).
std::vector<SaInstall> make_sas(const Pair& pair, Direction direction, const Phase1Keys& keys, const Secret* shared,
                                ByteView ni, ByteView nr, RandomSource& random);

}  // namespace ipsec9000::ike::quick_mode
