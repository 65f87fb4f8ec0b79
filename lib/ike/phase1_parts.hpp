// What the roles and the exchanges of phase 1 share. Internal to lib/ike.
#pragma once
#include "ike/phase1_states.hpp"

namespace ipsec9000::ike::phase1 {

using main_mode::AuthMessage;
using main_mode::KeyMessage;

// A random cookie, never 0 (RFC 2408, 2.5.3: unique for each SA; ours are unpredictable).
wire::Cookie fresh_cookie(RandomSource& random);
Bytes fresh_nonce(RandomSource& random);

wire::Header header_of(const wire::Cookies& cookies, wire::ExchangeType exchange = wire::ExchangeType::main_mode);

// The identity that we send: the policy's, or our address.
wire::Identification our_identification(const Context& context);

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
std::variant<Identity, Refusal> check_authentication(const Agreed& agreed, const Channel& channel,
                                                     const AuthMessage& message, const Proof& proof,
                                                     const Context& context);

// ID, HASH and perhaps INITIAL-CONTACT, sealed.
Result<Sealed> seal_authentication(const Agreed& agreed, const Channel& channel, const Proof& proof,
                                   const Context& context, bool initial_contact);

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
std::variant<wire::DecodedChain, Refusal> read_chain(const wire::Header& header, ByteView message);
Refusal not_decrypted(const Error& error);
bool says_initial_contact(const wire::DecodedChain& chain);
wire::Payload initial_contact_payload(const wire::Cookies& cookies);
std::vector<Bytes> nat_discovery_in(const wire::DecodedChain& chain);

// KE, NONCE and, for a peer that knows them, NAT-D payloads: message 3 or 4.
Bytes key_message(const Agreed& agreed, ByteView public_value, const Bytes& nonce, const Context& context);
// What the peer's NAT-D payloads tell, put into what was agreed.
std::shared_ptr<const Agreed> with_nat(const std::shared_ptr<const Agreed>& agreed,
                                       const std::vector<Bytes>& nat_discovery, const Context& context);

Established established_from(const Agreed& agreed, const Channel& last, Identity peer, bool initial_contact);
Refusal crypto_failed(const Error& error);

}  // namespace ipsec9000::ike::phase1

namespace ipsec9000::ike::main_mode {
std::variant<phase1::Event, Refusal> read_clear(const wire::Header& header, ByteView message);
std::variant<phase1::Event, Refusal> read_encrypted(const Channel& channel, const wire::Header& header,
                                                    ByteView message);
}  // namespace ipsec9000::ike::main_mode

namespace ipsec9000::ike::aggressive_mode {
std::variant<phase1::Event, Refusal> read_clear(const wire::Header& header, ByteView message);
std::variant<phase1::Event, Refusal> read_encrypted(const Channel& channel, const wire::Header& header,
                                                    ByteView message);
}  // namespace ipsec9000::ike::aggressive_mode
