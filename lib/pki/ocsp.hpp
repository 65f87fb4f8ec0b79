// The Online Certificate Status Protocol (RFC 6960): the question, and what an answer is worth. No I/O.
#pragma once
#include "pki/trust.hpp"

namespace ipsec9000::pki {

inline constexpr std::size_t ocsp_bytes_maximum = std::size_t{64} * 1024;

// An OCSPRequest about this certificate, which `issuer` issued. Without a nonce: most responders answer from a cache.
Result<Bytes> ocsp_request(const Certificate& certificate, const Certificate& issuer);

// Judges an OCSPResponse about it. Its signature must be `issuer`'s, or that of a responder that `issuer` certified for
// this use. invalid_input: no such answer; refused: the responder will not say, does not know the certificate, proves
// nothing, or its answer is not of `now`. An answer without an end counts for a day.
Result<OcspAnswer> judge_ocsp_response(ByteView response, const Certificate& certificate, const Certificate& issuer,
                                       WallTime now);

}  // namespace ipsec9000::pki
