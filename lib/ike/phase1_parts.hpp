// What the roles and the exchanges of phase 1 share. Internal to lib/ike.
#pragma once
#include "ike/phase1_states.hpp"

namespace ipsec9000::ike::phase1 {

using main_mode::KeyMessage;

// A random cookie, never 0 (RFC 2408, 2.5.3: unique for each SA; ours are unpredictable).
wire::Cookie fresh_cookie(RandomSource& random);

wire::Header header_of(const wire::Cookies& cookies, wire::ExchangeType exchange = wire::ExchangeType::main_mode);

// The identity that we send.
wire::Identification our_identification(const Context& context);
Identity identity_from(const wire::Identification& id);
// Who the policy says that the peer must be: its remote_id, or its address.
Identity expected_identity(const Context& context);

// Keys and the channel for messages 5 and 6, once g^xy is there.
struct PublicValues {
  ByteView initiator;
  ByteView responder;
};
Channel open_channel(const Agreed& agreed, const Context& context, ByteView ni, ByteView nr, const Secret& shared,
                     PublicValues values);

// ID and HASH of a message 5 or 6: proven, and who the policy expects? The identity, or why not.
struct Proof {
  ByteView prover_public;
  ByteView other_public;
  wire::Cookie prover;
  wire::Cookie other;
};
std::variant<Identity, VerifyJob, Refusal> check_authentication(const Agreed& agreed, const Channel& channel,
                                                                const AuthMessage& message, const Proof& proof,
                                                                const Context& context);
// HASH_I or HASH_R of ours.
Bytes our_hash(const Agreed& agreed, const Channel& channel, const Proof& proof, const Context& context);
// The peer did not prove who it is. Not fatal: anybody can send garbage with our cookies in it.
Refusal authentication_refused(std::string reason, Difference difference);

// A public value of the wrong size is refused before any arithmetic (RFC 6989).
std::optional<Refusal> check_public(ByteView public_value, Group group);
// 8 to 256 bytes (RFC 2409, 5).
std::optional<Refusal> check_nonce(ByteView nonce);
// Who the policy says the peer must be.
std::optional<Refusal> check_identity(const wire::Identification& id, const Context& context);

// The vendor IDs that announce what we can do. As responder only what the peer can do too, and only as much as `room`
// bytes hold.
std::vector<wire::Payload> our_vendor_ids();
std::vector<wire::Payload> our_vendor_ids(const PeerFeatures& peer, std::size_t room);

PeerFeatures features_of(const wire::DecodedChain& chain);

// The payloads of a message in clear, all of it. Payload types from 128 on are somebody else's and ignored.
// A payload type that this standard does not know (those from 128 on are private: somebody else's).
std::optional<Refusal> unknown_payload(const wire::DecodedChain& chain);
std::variant<wire::DecodedChain, Refusal> read_chain(const wire::Header& header, ByteView message);
bool says_initial_contact(const wire::DecodedChain& chain);
wire::Payload initial_contact_payload(const wire::Cookies& cookies);
std::vector<Bytes> nat_discovery_in(const wire::DecodedChain& chain);
// The CAs of CERTREQ payloads for X.509 certificates, in DER; an empty one is any CA (RFC 4945, 3.2.4).
std::vector<Bytes> requests_in(const wire::DecodedChain& chain);

// KE, NONCE, `more` and, for a peer that knows them, NAT-D payloads: message 3 or 4.
Bytes key_message(const Agreed& agreed, ByteView public_value, const Bytes& nonce, const Context& context,
                  std::vector<wire::Payload> more = {});
// What the peer's NAT-D payloads tell, put into what was agreed.
std::shared_ptr<const Agreed> with_nat(const std::shared_ptr<const Agreed>& agreed,
                                       const std::vector<Bytes>& nat_discovery, const Context& context);

Established established_from(const Agreed& agreed, const Channel& last, const Context& context, Identity peer,
                             bool initial_contact);
Refusal crypto_failed(const Error& error);

}  // namespace ipsec9000::ike::phase1

namespace ipsec9000::ike::main_mode {
std::variant<phase1::Event, Refusal> read_clear(const wire::Header& header, ByteView message);
std::variant<phase1::Event, Refusal> read_encrypted(const phase1::Agreed& agreed, const Channel& channel,
                                                    const wire::Header& header, ByteView message);
}  // namespace ipsec9000::ike::main_mode

namespace ipsec9000::ike::aggressive_mode {
std::variant<phase1::Event, Refusal> read_clear(const wire::Header& header, ByteView message);
std::variant<phase1::Event, Refusal> read_encrypted(const phase1::Agreed& agreed, const Channel& channel,
                                                    const wire::Header& header, ByteView message);
}  // namespace ipsec9000::ike::aggressive_mode
