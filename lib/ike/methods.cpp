#include "ike/methods.hpp"

#include <algorithm>
#include <array>

#include "wire/numbers.hpp"

namespace ipsec9000::ike {

namespace {
using pki::PublicKeyKind;
namespace oakley = wire::oakley;

constexpr std::array methods{
    MethodInfo{oakley::method_pre_shared_key, "psk", AuthenticationMethod::psk, std::nullopt},
    MethodInfo{oakley::method_rsa_signature, "rsa-signature", AuthenticationMethod::rsa_signature, PublicKeyKind::rsa},
    MethodInfo{oakley::method_ecdsa_256, "ecdsa-256", AuthenticationMethod::ecdsa_signature, PublicKeyKind::ecdsa256},
    MethodInfo{oakley::method_ecdsa_384, "ecdsa-384", AuthenticationMethod::ecdsa_signature, PublicKeyKind::ecdsa384},
    MethodInfo{oakley::method_ecdsa_521, "ecdsa-521", AuthenticationMethod::ecdsa_signature, PublicKeyKind::ecdsa521},
};

template <class Predicate>
const MethodInfo* first(Predicate fits) {
  const auto* found = std::find_if(methods.begin(), methods.end(), fits);
  return found == methods.end() ? nullptr : found;
}
}  // namespace

const MethodInfo* find_method(std::uint64_t number) {
  return first([&](const auto& method) { return method.number == number; });
}

const MethodInfo* find_method(AuthenticationMethod configured, std::optional<PublicKeyKind> key) {
  return first([&](const auto& method) { return method.configured == configured && method.key == key; });
}

std::vector<PublicKeyKind> key_kinds(AuthenticationMethod configured) {
  std::vector<PublicKeyKind> kinds;
  for (const auto& method : methods)
    if (method.configured == configured && method.key) kinds.push_back(*method.key);
  return kinds;
}

std::string method_name(std::uint64_t number) {
  const auto* known = find_method(number);
  return known != nullptr ? std::string(known->name) : "method " + std::to_string(number);
}

}  // namespace ipsec9000::ike
