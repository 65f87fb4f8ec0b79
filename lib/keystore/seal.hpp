// The cryptography of the key store: AES-256-GCM and scrypt (OpenSSL EVP).
#pragma once
#include <cstdint>

#include "base/bytes.hpp"
#include "base/secret.hpp"

namespace ipsec9000::keystore {

inline constexpr std::size_t key_bytes = 32;
inline constexpr std::size_t nonce_bytes = 12;
inline constexpr std::size_t tag_bytes = 16;

// Ciphertext with the tag behind it. `key` has key_bytes, `nonce` nonce_bytes and is never used twice with a key.
Result<Bytes> seal(ByteView key, ByteView nonce, ByteView associated, ByteView plain);

// The plain text again. ErrorCode::refused: key, nonce, associated data or ciphertext is not what it was.
Result<Secret> unseal(ByteView key, ByteView nonce, ByteView associated, ByteView sealed);

// RFC 7914. The defaults take 32 MiB and about 0.1 s.
struct ScryptCost {
  std::uint64_t n = std::uint64_t{1} << 15;
  std::uint32_t r = 8;
  std::uint32_t p = 1;
  auto operator<=>(const ScryptCost&) const = default;
};

// A file names its own cost, and a hostile one must not cost gigabytes or minutes: n is a power of two of at least
// 1024, at most 256 MiB are used, and at most 16 times the work of the defaults is done.
Result<void> check_cost(const ScryptCost& cost);

// A key of key_bytes. Checks the cost first.
Result<Secret> derive_key(const Secret& password, ByteView salt, const ScryptCost& cost);

}  // namespace ipsec9000::keystore
