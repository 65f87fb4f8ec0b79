// Main Mode with pre-shared keys (RFC 2409, 5.4) and with signatures (5.1), both roles. One type a state, holding what
// is known by then; the handlers' signatures are the transition table:
//
//   initiator   start                     -> SaSent         message 1
//               SaSent    x SaMessage     -> GeneratingKey  job: our key pair
//               GeneratingKey x DhOutcome -> KeySent        message 3
//               KeySent   x KeyMessage    -> Deriving       job: g^xy
//               Deriving  x DhOutcome     -> AuthSent       message 5
//               AuthSent  x AuthMessage   -> Done           established
//   signatures: Deriving  x DhOutcome     -> Signing        job: our signature
//               Signing   x SignOutcome   -> AuthSent       message 5
//               AuthSent  x AuthMessage   -> Verifying      job: the peer's certificate and signature
//               Verifying x VerifyOutcome -> Done           established; or back to AuthSent
//   responder   start x SaMessage         -> SaReplied      message 2
//               SaReplied x KeyMessage    -> Exchanging     job: our key pair and g^xy
//               Exchanging x DhOutcome    -> KeyReplied     message 4
//               KeyReplied x AuthMessage  -> Done           message 6, established
//   signatures: KeyReplied x AuthMessage  -> Verifying      job: the peer's certificate and signature
//               Verifying x VerifyOutcome -> Signing        job: our signature; or back to KeyReplied
//               Signing   x SignOutcome   -> Done           message 6, established
//
// Where the two methods part, `ike/authentication.hpp` knows the way.
#pragma once
#include "ike/phase1.hpp"

namespace ipsec9000::ike::main_mode {

using phase1::Agreed;
using phase1::AuthMessage;
using phase1::Context;
using phase1::Established;
using phase1::Outcome;
using phase1::PeerFeatures;
using phase1::Step;

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
  unsigned unproven = 0;  // messages so far that had to be computed for and proved nothing
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
  unsigned unproven = 0;
};
struct Accepted {  // what message 5 said, proven
  Identity peer;
  bool initial_contact;
};
struct Signing {
  std::shared_ptr<const Agreed> agreed;
  Channel channel;
  Bytes our_public;
  Bytes peer_public;
  std::optional<Accepted> accepted;  // as responder
};
struct Verifying {
  std::shared_ptr<const Agreed> agreed;
  std::variant<AuthSent, KeyReplied> before;
  AuthMessage message;
};
struct Done {};

// ---- what can happen
struct SaMessage {
  wire::Header header;
  wire::SecurityAssociation sa;
  Bytes sa_body;
  PeerFeatures features;
  std::size_t size;
  std::vector<Bytes> requests = {};  // names of CAs in CERTREQ payloads, as in the next
};
struct KeyMessage {
  Bytes public_value;
  Bytes nonce;
  std::vector<Bytes> nat_discovery = {};
  std::vector<Bytes> requests = {};
};
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
Outcome on(const Signing& state, const SignOutcome& event, const Context& context);
Outcome on(const Verifying& state, const VerifyOutcome& event, const Context& context);

}  // namespace ipsec9000::ike::main_mode
