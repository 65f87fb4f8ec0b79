// The ciphers that protect IKE's own messages (OpenSSL EVP). ESP is the kernel's.
#pragma once
#include "base/bytes.hpp"
#include "crypto/algorithms.hpp"

namespace ipsec9000 {

// CBC without padding: `text` must be a whole number of blocks, `iv` one block, `key` of the algorithm's length;
// anything else is an Error, as is a cipher that has no OpenSSL name here.
Result<Bytes> encrypt_cbc(Encryption algorithm, ByteView key, ByteView iv, ByteView text);
Result<Bytes> decrypt_cbc(Encryption algorithm, ByteView key, ByteView iv, ByteView text);

}  // namespace ipsec9000
