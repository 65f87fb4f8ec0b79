#include "pki/private_key.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "pki/key_facts.hpp"
#include "pki/openssl.hpp"

namespace ipsec9000::pki {

namespace {
using SignaturePtr = std::unique_ptr<ECDSA_SIG, FreeBy<ECDSA_SIG_free>>;

std::size_t part_bytes(const EVP_PKEY* key) { return (static_cast<std::size_t>(EVP_PKEY_get_bits(key)) + 7) / 8; }

// OpenSSL's DER form to r|s of RFC 4754.
Result<Bytes> to_fixed(ByteView der, std::size_t part) {
  const auto* at = der.data();
  const SignaturePtr signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  Bytes fixed(2 * part);
  const int length = static_cast<int>(part);
  if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), fixed.data(), length) != length ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), fixed.data() + part, length) != length)
    return openssl_error(ErrorCode::crypto, "making an ECDSA signature");
  return fixed;
}

Result<Bytes> from_fixed(ByteView fixed, std::size_t part) {
  if (fixed.size() != 2 * part)
    return Error{ErrorCode::refused, "an ECDSA signature of " + std::to_string(fixed.size()) + " bytes instead of " +
                                         std::to_string(2 * part)};
  NumberPtr r(BN_bin2bn(fixed.data(), static_cast<int>(part), nullptr));
  NumberPtr s(BN_bin2bn(fixed.data() + part, static_cast<int>(part), nullptr));
  const SignaturePtr signature(ECDSA_SIG_new());
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1)
    return openssl_error(ErrorCode::crypto, "reading an ECDSA signature");
  static_cast<void>(r.release());  // the signature's now
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(signature.get(), &der);
  if (length < 0) return openssl_error(ErrorCode::crypto, "reading an ECDSA signature");
  Bytes bytes(der, der + length);
  OPENSSL_free(der);
  return bytes;
}

bool pad_as_pkcs1(EVP_PKEY_CTX* context, PublicKeyKind kind) {
  return kind != PublicKeyKind::rsa || EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
}
}  // namespace

Result<PrivateKey> PrivateKey::adopt(evp_pkey_st* key) {
  std::shared_ptr<evp_pkey_st> shared(key, EVP_PKEY_free);
  if (auto usable = check_key_facts(key_facts(key), true); !usable) return usable.error();
  return PrivateKey(std::move(shared));
}

Result<PrivateKey> PrivateKey::parse(const Secret& der) {
  const auto* at = der.view().data();
  KeyPtr key(der.empty() ? nullptr : d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
  if (!key || at != der.view().data() + der.size())
    return openssl_error(ErrorCode::invalid_input, "not a DER private key");
  ERR_clear_error();
  return adopt(key.release());
}

PublicKeyKind PrivateKey::kind() const { return key_facts(key_.get()).kind; }
unsigned PrivateKey::bits() const { return key_facts(key_.get()).bits; }

bool PrivateKey::belongs_to(const Certificate& certificate) const {
  const auto* theirs = X509_get0_pubkey(certificate.native());
  return theirs != nullptr && EVP_PKEY_eq(key_.get(), theirs) == 1;
}

Result<Secret> PrivateKey::der() const {
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeBy<PKCS8_PRIV_KEY_INFO_free>> info(EVP_PKEY2PKCS8(key_.get()));
  unsigned char* der = nullptr;
  const int length = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der) : -1;
  if (length < 0) return openssl_error(ErrorCode::crypto, "writing a private key");
  Secret secret(ByteView(der, static_cast<std::size_t>(length)));
  OPENSSL_clear_free(der, static_cast<std::size_t>(length));
  return secret;
}

Result<Bytes> PrivateKey::sign_hash(ByteView hash) const {
  const auto key_kind = kind();
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  std::size_t length = 0;
  if (!context || EVP_PKEY_sign_init(context.get()) != 1 || !pad_as_pkcs1(context.get(), key_kind) ||
      EVP_PKEY_sign(context.get(), nullptr, &length, hash.data(), hash.size()) != 1)
    return openssl_error(ErrorCode::crypto, "signing");
  Bytes signature(length);
  if (EVP_PKEY_sign(context.get(), signature.data(), &length, hash.data(), hash.size()) != 1)
    return openssl_error(ErrorCode::crypto, "signing");
  signature.resize(length);
  return key_kind == PublicKeyKind::rsa ? Result<Bytes>(std::move(signature))
                                        : to_fixed(signature, part_bytes(key_.get()));
}

Result<void> verify_hash(const Certificate& certificate, ByteView hash, ByteView signature) {
  auto* key = X509_get0_pubkey(certificate.native());
  if (key == nullptr || certificate.key_kind() == PublicKeyKind::other)
    return openssl_error(ErrorCode::refused, "the certificate's key makes no signatures of IKE");
  Bytes der;
  if (certificate.key_kind() != PublicKeyKind::rsa) {
    auto converted = from_fixed(signature, part_bytes(key));
    if (!converted) return converted.error();
    der = std::move(*converted);
    signature = der;
  }
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  const bool good = context && EVP_PKEY_verify_init(context.get()) == 1 &&
                    pad_as_pkcs1(context.get(), certificate.key_kind()) &&
                    EVP_PKEY_verify(context.get(), signature.data(), signature.size(), hash.data(), hash.size()) == 1;
  ERR_clear_error();
  if (good) return {};
  return Error{ErrorCode::refused, "the signature is not that of " + certificate.subject()};
}

}  // namespace ipsec9000::pki
