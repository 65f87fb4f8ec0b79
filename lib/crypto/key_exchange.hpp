// Diffie-Hellman over every group of the table. These calls take up to milliseconds: daemons run them on the thread
// pool, never on the event loop. Thread-safe: no shared state.
#pragma once
#include "base/bytes.hpp"
#include "base/secret.hpp"
#include "crypto/algorithms.hpp"

namespace ipsec9000 {

// One side's key. `public_value` has exactly info(group).public_bytes bytes, as it goes on the wire.
struct DhKeyPair {
  Group group = Group::modp2048;
  Bytes public_value;
  Secret private_value;
};

Result<DhKeyPair> dh_generate(Group group);

// g^xy with info(group).shared_bytes bytes. Refuses a peer's value of the wrong length, MODP values outside
// 1 < y < p - 1 (RFC 6989, 2.1: enough for safe primes), points not on the curve, and an all-zero X25519 result.
Result<Secret> dh_derive(const DhKeyPair& ours, ByteView peer_public_value);

// The checks of dh_derive on a peer's value, without the exponentiation: cheap enough for the event loop.
Result<void> check_public_value(Group group, ByteView peer_public_value);

}  // namespace ipsec9000
