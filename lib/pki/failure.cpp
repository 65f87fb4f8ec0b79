#include "pki/failure.hpp"

#include <array>

namespace ipsec9000::pki {

std::string_view to_string(PkiFailureKind kind) {
  static constexpr std::array<std::string_view, 14> names = {
      "no-certificate",  "bad-encoding",  "weak-key",        "weak-digest",      "unknown-ca",
      "chain-too-long",  "bad-signature", "not-yet-valid",   "expired",          "bad-usage",
      "name-constraint", "revoked",       "crl-unavailable", "identity-mismatch"};
  return names.at(static_cast<std::size_t>(kind));
}

}  // namespace ipsec9000::pki
