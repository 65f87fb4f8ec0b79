// New keys and requests for certificates (PKCS#10, RFC 2986).
#pragma once
#include <string>
#include <vector>

#include "pki/private_key.hpp"

namespace ipsec9000::pki {

// `bits` counts for RSA only: 2048 to 8192. Takes long for RSA. invalid_input for anything else.
Result<PrivateKey> generate_key(PublicKeyKind kind, unsigned bits);
Result<PublicKeyKind> key_kind_of(std::string_view word);  // "rsa", "ecdsa256", "ecdsa384", "ecdsa521"

// PEM. `subject` as in "C=DE, CN=host"; `names`: addresses, host names, mail addresses for the subjectAltName.
Result<std::string> make_request(const PrivateKey& key, std::string_view subject, const std::vector<Identity>& names);

}  // namespace ipsec9000::pki
