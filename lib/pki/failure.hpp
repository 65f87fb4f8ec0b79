// Why a certificate is not accepted: a kind that callers act on, and a sentence for a person.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace ipsec9000::pki {

enum class PkiFailureKind : std::uint8_t {
  no_certificate,  // none was sent, none is known here; or none of our own
  bad_encoding,    // not a certificate, or too many of them
  weak_key,        // size or exponent of a key
  weak_digest,     // MD5, SHA-1
  unknown_ca,      // no path to a CA of ours
  chain_too_long,
  bad_signature,  // a certificate in the path is not what its issuer signed
  not_yet_valid,
  expired,
  bad_usage,          // key usage, extended key usage, basic constraints, policies
  name_constraint,    // a CA in the path may not certify this name
  revoked,            // the text has serial and date of the CRL
  crl_unavailable,    // only where revocation is strict
  identity_mismatch,  // `wanted` and `found` hold the two strings
};

// "unknown-ca": for records and for --json.
std::string_view to_string(PkiFailureKind kind);

struct PkiFailure {
  PkiFailureKind kind = PkiFailureKind::no_certificate;
  std::string text;           // one sentence without full stop
  std::string wanted, found;  // identity_mismatch: what was claimed or expected, and the certificate's names
};

}  // namespace ipsec9000::pki
