// X.500 names between their DER form (the ISAKMP identity ID_DER_ASN1_DN) and text such as "C=DE, O=Example, CN=a".
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace ipsec9000 {

// Attributes in the order written, separated by ',' or '/'; a backslash makes the next character literal.
Result<Bytes> distinguished_name_to_der(std::string_view text);

// Fails when the bytes are no DER name or something follows it.
Result<std::string> distinguished_name_to_text(ByteView der);

}  // namespace ipsec9000
