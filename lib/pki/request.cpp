#include "pki/request.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "crypto/distinguished_name.hpp"
#include "pki/openssl.hpp"

namespace ipsec9000::pki {

Result<PublicKeyKind> key_kind_of(std::string_view word) {
  if (word == "rsa") return PublicKeyKind::rsa;
  if (word == "ecdsa256") return PublicKeyKind::ecdsa256;
  if (word == "ecdsa384") return PublicKeyKind::ecdsa384;
  if (word == "ecdsa521") return PublicKeyKind::ecdsa521;
  return Error{ErrorCode::invalid_input, "a kind of key is rsa, ecdsa256, ecdsa384 or ecdsa521"};
}

Result<PrivateKey> generate_key(PublicKeyKind kind, unsigned bits) {
  EVP_PKEY* key = nullptr;
  switch (kind) {
    case PublicKeyKind::rsa:
      if (bits < rsa_bits_minimum || bits > rsa_bits_maximum)
        return Error{ErrorCode::invalid_input, "an RSA key has " + std::to_string(rsa_bits_minimum) + " to " +
                                                   std::to_string(rsa_bits_maximum) + " bits"};
      key = EVP_RSA_gen(bits);
      break;
    case PublicKeyKind::ecdsa256:
      key = EVP_EC_gen("P-256");
      break;
    case PublicKeyKind::ecdsa384:
      key = EVP_EC_gen("P-384");
      break;
    case PublicKeyKind::ecdsa521:
      key = EVP_EC_gen("P-521");
      break;
    case PublicKeyKind::other:
      break;
  }
  if (key == nullptr) return openssl_error(ErrorCode::crypto, "making a key");
  return PrivateKey::adopt(key);
}

namespace {
using RequestPtr = std::unique_ptr<X509_REQ, FreeBy<X509_REQ_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, FreeBy<GENERAL_NAMES_free>>;

bool add_name(GENERAL_NAMES* names, const Identity& identity) {
  const bool address = identity.type == IdType::ipv4_address || identity.type == IdType::ipv6_address;
  if (!address && identity.type != IdType::fqdn && identity.type != IdType::user_fqdn) return false;
  auto* text = ASN1_STRING_type_new(address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
  auto* name = GENERAL_NAME_new();
  if (text == nullptr || name == nullptr) return false;
  ASN1_STRING_set(text, identity.value.data(), static_cast<int>(identity.value.size()));
  GENERAL_NAME_set0_value(name, address ? GEN_IPADD : identity.type == IdType::fqdn ? GEN_DNS : GEN_EMAIL, text);
  return sk_GENERAL_NAME_push(names, name) > 0;
}

bool add_extensions(X509_REQ* request, const std::vector<Identity>& identities) {
  if (identities.empty()) return true;
  const NamesPtr names(sk_GENERAL_NAME_new_null());
  for (const auto& identity : identities)
    if (!add_name(names.get(), identity)) return false;
  auto* extension = X509V3_EXT_i2d(NID_subject_alt_name, 0, names.get());
  if (extension == nullptr) return false;
  auto* all = sk_X509_EXTENSION_new_null();
  sk_X509_EXTENSION_push(all, extension);
  const bool added = X509_REQ_add_extensions(request, all) == 1;
  sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
  return added;
}
}  // namespace

Result<std::string> make_request(const PrivateKey& key, std::string_view subject, const std::vector<Identity>& names) {
  const auto subject_der = distinguished_name_to_der(subject);
  if (!subject_der) return subject_der.error();
  for (const auto& identity : names)
    if (identity.type == IdType::der_dn)
      return Error{ErrorCode::invalid_input, "a name beside the subject is an address, a host name or user@host"};
  const auto* at = subject_der->data();
  const NamePtr name(d2i_X509_NAME(nullptr, &at, static_cast<long>(subject_der->size())));
  const RequestPtr request(X509_REQ_new());
  const BioPtr out(BIO_new(BIO_s_mem()));
  const auto* digest = key.kind() == PublicKeyKind::ecdsa384   ? EVP_sha384()
                       : key.kind() == PublicKeyKind::ecdsa521 ? EVP_sha512()
                                                               : EVP_sha256();
  if (!name || !request || !out || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_subject_name(request.get(), name.get()) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.native()) != 1 || !add_extensions(request.get(), names) ||
      X509_REQ_sign(request.get(), key.native(), digest) <= 0 || PEM_write_bio_X509_REQ(out.get(), request.get()) != 1)
    return openssl_error(ErrorCode::crypto, "making a certificate request");
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(length));
}

}  // namespace ipsec9000::pki
