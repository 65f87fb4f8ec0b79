#include "pki/password_work.hpp"

#include <openssl/err.h>
#include <openssl/pkcs7.h>

#include "pki/openssl.hpp"

namespace ipsec9000::pki {

namespace {
Error too_much() { return Error{ErrorCode::refused, "the file wants its password hashed too many times"}; }

using Pbes2Ptr = std::unique_ptr<PBE2PARAM, FreeBy<PBE2PARAM_free>>;
using Pbkdf2Ptr = std::unique_ptr<PBKDF2PARAM, FreeBy<PBKDF2PARAM_free>>;
using PbeParamPtr = std::unique_ptr<PBEPARAM, FreeBy<PBEPARAM_free>>;

bool bounded(const ASN1_INTEGER* iterations) {
  const long count = ASN1_INTEGER_get(iterations);
  return count >= 0 && count <= password_iterations_maximum;
}

// PBES2 with PBKDF2, or the older schemes of one function; scrypt bounds itself in OpenSSL (32 MiB).
bool bounded(const X509_ALGOR* algorithm) {
  const void* value = nullptr;
  int type = 0;
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, &type, &value, algorithm);
  if (type != V_ASN1_SEQUENCE) return true;
  const auto* sequence = static_cast<const ASN1_STRING*>(value);
  if (OBJ_obj2nid(object) != NID_pbes2) {
    const PbeParamPtr old(static_cast<PBEPARAM*>(ASN1_item_unpack(sequence, ASN1_ITEM_rptr(PBEPARAM))));
    return !old || bounded(old->iter);
  }
  const Pbes2Ptr parts(static_cast<PBE2PARAM*>(ASN1_item_unpack(sequence, ASN1_ITEM_rptr(PBE2PARAM))));
  if (!parts || OBJ_obj2nid(parts->keyfunc->algorithm) != NID_id_pbkdf2 || parts->keyfunc->parameter == nullptr ||
      parts->keyfunc->parameter->type != V_ASN1_SEQUENCE)
    return true;
  const Pbkdf2Ptr derivation(static_cast<PBKDF2PARAM*>(
      ASN1_item_unpack(parts->keyfunc->parameter->value.sequence, ASN1_ITEM_rptr(PBKDF2PARAM))));
  return !derivation || bounded(derivation->iter);
}

bool bounded(const STACK_OF(PKCS12_SAFEBAG) * bags) {
  for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); ++i) {
    const auto* bag = sk_PKCS12_SAFEBAG_value(bags, i);
    if (PKCS12_SAFEBAG_get_nid(bag) != NID_pkcs8ShroudedKeyBag) continue;
    const X509_ALGOR* algorithm = nullptr;
    X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, nullptr);
    if (!bounded(algorithm)) return false;
  }
  return true;
}

bool bounded(PKCS7* part) {
  if (PKCS7_type_is_encrypted(part) != 0)
    return part->d.encrypted == nullptr || bounded(part->d.encrypted->enc_data->algorithm);
  if (PKCS7_type_is_data(part) == 0) return true;
  auto* bags = PKCS12_unpack_p7data(part);
  const bool good = bags == nullptr || bounded(bags);
  sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
  return good;
}
}  // namespace

Result<void> check_password_work(const X509_SIG& sealed) {
  const X509_ALGOR* algorithm = nullptr;
  X509_SIG_get0(&sealed, &algorithm, nullptr);
  if (!bounded(algorithm)) return too_much();
  return {};
}

Result<void> check_password_work(const PKCS12& file) {
  const ASN1_INTEGER* iterations = nullptr;
  PKCS12_get0_mac(nullptr, nullptr, nullptr, &iterations, &file);
  bool good = iterations == nullptr || bounded(iterations);
  auto* parts = PKCS12_unpack_authsafes(&file);
  for (int i = 0; good && parts != nullptr && i < sk_PKCS7_num(parts); ++i) good = bounded(sk_PKCS7_value(parts, i));
  sk_PKCS7_pop_free(parts, PKCS7_free);
  ERR_clear_error();
  if (!good) return too_much();
  return {};
}

}  // namespace ipsec9000::pki
