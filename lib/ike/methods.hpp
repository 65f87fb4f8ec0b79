// The authentication methods of phase 1 as they go over the wire (RFC 2409, appendix A; RFC 4754, 6).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/isakmp_policy.hpp"
#include "pki/certificate.hpp"

namespace ipsec9000::ike {

struct MethodInfo {
  std::uint16_t number;
  std::string_view name;                  // in records
  AuthenticationMethod configured;        // as a policy says it
  std::optional<pki::PublicKeyKind> key;  // of the certificate; both ends have the same kind
};

const MethodInfo* find_method(std::uint64_t number);  // null: unknown here
// The one that a policy means, with a certificate of ours whose key is of this kind; null: none fits.
const MethodInfo* find_method(AuthenticationMethod configured, std::optional<pki::PublicKeyKind> key);
// What kinds of keys serve the method.
std::vector<pki::PublicKeyKind> key_kinds(AuthenticationMethod configured);
std::string method_name(std::uint64_t number);  // "rsa-signature", or "method 99"

}  // namespace ipsec9000::ike
