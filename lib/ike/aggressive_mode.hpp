// Aggressive Mode with pre-shared keys (RFC 2409, 5.4), both roles:
//
//   initiator   start                      -> GeneratingKey  job: our key pair
//               GeneratingKey x DhOutcome  -> Offered        message 1
//               Offered x Answer           -> Deriving       job: g^xy
//               Deriving x DhOutcome       -> Done           message 3, established
//   responder   start x Offer              -> Exchanging     job: our key pair and g^xy
//               Exchanging x DhOutcome     -> Answered       message 2
//               Answered x Proof           -> Done           established
//
// It is weaker than Main Mode, so nothing here runs unless an ISAKMP policy asks for it. Identities go in clear.
// HASH_R, which anybody gets who knows our identity, lets him guess the key at leisure. And the responder computes for,
// and answers, an address that has proven nothing: the engine bounds how often (Limits::aggressive_per_second), and
// message 2 is at most twice as long as message 1.
#pragma once
#include "ike/phase1.hpp"

namespace ipsec9000::ike::aggressive_mode {

using phase1::Agreed;
using phase1::Context;
using phase1::Outcome;
using phase1::PeerFeatures;
using phase1::Step;

struct GeneratingKey {
  wire::Cookie ours;
};
struct Offered {
  wire::Cookie ours;
  Bytes sa_body;
  std::shared_ptr<const DhKeyPair> dh;
  Bytes ni;
};
struct Deriving {
  std::shared_ptr<const Agreed> agreed;
  std::shared_ptr<const DhKeyPair> dh;
  Bytes ni;
  Bytes nr;
  Bytes peer_public;
  wire::Identification id;  // the responder's
  Bytes id_body;
  Bytes hash;
};
struct Exchanging {
  std::shared_ptr<const Agreed> agreed;
  Bytes ni;
  Bytes nr;
  Bytes peer_public;
  wire::Identification id;  // the initiator's
  Bytes id_body;
  wire::SecurityAssociation reply;
  std::size_t room;  // for message 2
};
struct Answered {
  std::shared_ptr<const Agreed> agreed;
  Channel channel;
  Bytes our_public;
  Bytes peer_public;
  wire::Identification id;
  Bytes id_body;
};
struct Done {};

// ---- what can happen
struct Offer {  // message 1
  wire::Header header;
  wire::SecurityAssociation sa;
  Bytes sa_body;
  Bytes public_value;
  Bytes nonce;
  wire::Identification id;
  Bytes id_body;
  PeerFeatures features;
  std::size_t size;
};
struct Answer {  // message 2
  wire::Header header;
  wire::SecurityAssociation sa;
  Bytes public_value;
  Bytes nonce;
  wire::Identification id;
  Bytes id_body;
  Bytes hash;
  PeerFeatures features;
  std::vector<Bytes> nat_discovery;
};
struct Proof {  // message 3
  Bytes hash;
  std::vector<Bytes> nat_discovery;
  bool initial_contact;         // only if it was encrypted
  std::optional<Channel> next;  // absent when it came in clear, which RFC 2409 allows
};

// As initiator. Only those of the policy's proposals are offered that have the first one's group: the public value goes
// with the offer.
Step start(const Context& context);
// As responder. An identity that the policy does not expect is refused before any arithmetic.
Outcome respond(const Offer& first, const Context& context);

Outcome on(const GeneratingKey& state, const DhOutcome& event, const Context& context);
Outcome on(const Offered& state, const Answer& event, const Context& context);
Outcome on(const Deriving& state, const DhOutcome& event, const Context& context);
Outcome on(const Exchanging& state, const DhOutcome& event, const Context& context);
Outcome on(const Answered& state, const Proof& event, const Context& context);

}  // namespace ipsec9000::ike::aggressive_mode
