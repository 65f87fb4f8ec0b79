// How a payload's declared fields become bytes and back. Internal to lib/wire.
#pragma once
#include "base/bytes.hpp"
#include "wire/payloads.hpp"

namespace ipsec9000::wire {

// The security association payload has payloads of its own inside (sa_codec.cpp).
Bytes encode_security_association(const SecurityAssociation& sa);
Result<SecurityAssociation> decode_security_association(ByteView body);

inline Error truncated(std::string_view what) {
  return Error{ErrorCode::truncated, std::string(what) + " ends too early"};
}

}  // namespace ipsec9000::wire
