// Hashes and HMAC (OpenSSL EVP).
#pragma once
#include <initializer_list>

#include "base/bytes.hpp"
#include "crypto/algorithms.hpp"

namespace ipsec9000 {

// The digest of the parts one after the other.
Bytes digest(HashAlgorithm algorithm, std::initializer_list<ByteView> parts);

// HMAC(key, parts one after the other): the prf of IKE (RFC 2409, 4; RFC 7296, 2.13).
Bytes prf(HashAlgorithm algorithm, ByteView key, std::initializer_list<ByteView> parts);

}  // namespace ipsec9000
