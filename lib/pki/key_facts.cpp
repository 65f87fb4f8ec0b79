#include "pki/key_facts.hpp"

#include <openssl/core_names.h>

#include <array>

namespace ipsec9000::pki {

namespace {
KeyFacts rsa_facts(const EVP_PKEY* key) {
  KeyFacts facts;
  facts.kind = PublicKeyKind::rsa;
  facts.bits = static_cast<unsigned>(EVP_PKEY_get_bits(key));
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &number) != 1) return facts;
  const NumberPtr exponent(number);
  facts.exponent_bits = static_cast<unsigned>(BN_num_bits(exponent.get()));
  facts.exponent_usable =
      BN_is_odd(exponent.get()) == 1 && BN_is_one(exponent.get()) == 0 && BN_is_negative(exponent.get()) == 0;
  return facts;
}

KeyFacts ec_facts(const EVP_PKEY* key) {
  struct Curve {
    std::string_view name;
    PublicKeyKind kind;
    unsigned bits;
  };
  static constexpr std::array<Curve, 3> curves = {{{"prime256v1", PublicKeyKind::ecdsa256, 256},
                                                   {"secp384r1", PublicKeyKind::ecdsa384, 384},
                                                   {"secp521r1", PublicKeyKind::ecdsa521, 521}}};
  KeyFacts facts;
  facts.bits = static_cast<unsigned>(EVP_PKEY_get_bits(key));
  std::array<char, 64> name{};
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &length) != 1) return facts;
  for (const auto& curve : curves)
    if (curve.name == std::string_view(name.data(), length)) facts.kind = curve.kind;
  return facts;
}
}  // namespace

KeyFacts key_facts(const EVP_PKEY* key) {
  if (key == nullptr) return {};
  if (EVP_PKEY_is_a(key, "RSA") == 1) return rsa_facts(key);
  if (EVP_PKEY_is_a(key, "EC") == 1) return ec_facts(key);
  KeyFacts facts;
  facts.bits = static_cast<unsigned>(EVP_PKEY_get_bits(key));
  return facts;
}

Result<void> check_key_facts(const KeyFacts& key, bool allow_legacy) {
  const auto refuse = [](std::string text) { return Error{ErrorCode::refused, std::move(text)}; };
  if (key.kind == PublicKeyKind::other)
    return refuse(key.bits == 0 ? "a public key that cannot be read"
                                : "a key that is neither RSA nor ECDSA on P-256, P-384 or P-521");
  if (key.kind != PublicKeyKind::rsa) return {};
  const auto bits = "an RSA key of " + std::to_string(key.bits) + " bits";
  if (key.bits > rsa_bits_maximum) return refuse(bits + " (at most " + std::to_string(rsa_bits_maximum) + ")");
  if (key.bits < rsa_bits_legacy_minimum) return refuse(bits + " (at least " + std::to_string(rsa_bits_minimum) + ")");
  if (key.bits < rsa_bits_minimum && !allow_legacy) return refuse(bits + ", which needs \"allow_legacy\"");
  if (!key.exponent_usable || key.exponent_bits > 64)
    return refuse("an RSA key whose exponent is not odd, under 3 or over 64 bits");
  return {};
}

}  // namespace ipsec9000::pki
