// Certificates wrapped in PKCS#7 (RFC 2315), as CAs and some peers hand them out.
#pragma once
#include <vector>

#include "base/bytes.hpp"

namespace ipsec9000::pki {

inline constexpr std::size_t pkcs7_certificates_maximum = 64;

// The certificates of a SignedData in DER, each still unread; its own signatures do not count. invalid_input when it is
// something else, or holds too many.
Result<std::vector<Bytes>> pkcs7_certificates(ByteView der);

}  // namespace ipsec9000::pki
