// Encrypted ISAKMP messages: each exchange is a chain of CBC blocks, so a message's last block is the next one's IV.
#pragma once
#include <memory>

#include "ike/keys.hpp"
#include "wire/message.hpp"

namespace ipsec9000::ike {

// The cipher state of one exchange at one moment. A value: whoever opens a message gets the next state and keeps it
// only when the message was good.
struct Channel {
  std::shared_ptr<const Phase1Keys> keys;
  Bytes iv;
};

struct Opened {
  wire::DecodedChain chain;
  Bytes plain;  // the padding is still at its end
  Channel next;
};

// Decrypts what follows the header and reads the payloads. An error means a wrong key or a damaged message.
Result<Opened> open(const Channel& channel, const wire::Header& header, ByteView message);

struct Sealed {
  Bytes message;
  Channel next;
};

// Pads, encrypts and puts the header in front (its encryption flag, next payload and length are set here).
Result<Sealed> seal(const Channel& channel, wire::Header header, const std::vector<wire::Payload>& payloads);

// Phase 2 authentication (RFC 2409, 5.5 and 5.7): prf(SKEYID_a, before | message id | nonces... | what follows HASH).
Bytes hash_1(const Phase1Keys& keys, std::uint32_t message_id, ByteView after_hash);
Bytes hash_2(const Phase1Keys& keys, std::uint32_t message_id, ByteView ni, ByteView after_hash);
Bytes hash_3(const Phase1Keys& keys, std::uint32_t message_id, ByteView ni, ByteView nr);

// The part of an opened phase 2 message that its hash covers: everything behind the HASH payload, which must come
// first. Null when it does not.
std::optional<ByteView> after_hash(const Opened& opened);

// HASH(1) in front of these payloads, ready to seal.
std::vector<wire::Payload> with_hash_1(const Phase1Keys& keys, std::uint32_t message_id,
                                       std::vector<wire::Payload> payloads);

}  // namespace ipsec9000::ike
