// What can be told about a key without using it. For the sources of this folder.
#pragma once
#include "pki/certificate.hpp"
#include "pki/openssl.hpp"

namespace ipsec9000::pki {

struct KeyFacts {
  PublicKeyKind kind = PublicKeyKind::other;
  unsigned bits = 0;
  unsigned exponent_bits = 0;    // RSA only, like the next
  bool exponent_usable = false;  // odd and at least 3
};

KeyFacts key_facts(const EVP_PKEY* key);                               // null: a key that OpenSSL cannot read
Result<void> check_key_facts(const KeyFacts& key, bool allow_legacy);  // refused

}  // namespace ipsec9000::pki
