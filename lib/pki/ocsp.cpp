#include "pki/ocsp.hpp"

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include "pki/key_facts.hpp"
#include "pki/openssl.hpp"

namespace ipsec9000::pki {

namespace {
using OcspRequestPtr = std::unique_ptr<OCSP_REQUEST, FreeBy<OCSP_REQUEST_free>>;
using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, FreeBy<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, FreeBy<OCSP_BASICRESP_free>>;
using IdPtr = std::unique_ptr<OCSP_CERTID, FreeBy<OCSP_CERTID_free>>;

constexpr Duration skew = std::chrono::minutes(5);
constexpr Duration without_end = std::chrono::hours(24);

// Certificates in an answer are anybody's, and one of them may be the signer's: no arithmetic with an absurd key.
bool has_sane_keys(const OCSP_BASICRESP* basic) {
  const auto* certificates = OCSP_resp_get0_certs(basic);
  for (int i = 0; certificates != nullptr && i < sk_X509_num(certificates); ++i)
    if (!check_key_facts(key_facts(X509_get0_pubkey(sk_X509_value(certificates, i))), true)) return false;
  return true;
}

// The issuer alone is believed, also where it is itself certified by another.
bool is_signed(OCSP_BASICRESP* basic, const Certificate& issuer, WallTime now) {
  const StorePtr store(X509_STORE_new());
  const X509ListPtr helpers(sk_X509_new_null());
  if (!store || !helpers || X509_STORE_add_cert(store.get(), issuer.native()) != 1 ||
      sk_X509_push(helpers.get(), issuer.native()) <= 0)
    return false;
  auto* rules = X509_STORE_get0_param(store.get());
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_time(rules, std::chrono::system_clock::to_time_t(now));
  return OCSP_basic_verify(basic, helpers.get(), store.get(), 0) == 1;
}
}  // namespace

Result<Bytes> ocsp_request(const Certificate& certificate, const Certificate& issuer) {
  const OcspRequestPtr request(OCSP_REQUEST_new());
  IdPtr id(OCSP_cert_to_id(EVP_sha1(), certificate.native(), issuer.native()));  // what every responder knows
  if (!request || !id || OCSP_request_add0_id(request.get(), id.get()) == nullptr)
    return openssl_error(ErrorCode::crypto, "making an OCSP request");
  static_cast<void>(id.release());
  unsigned char* der = nullptr;
  const int length = i2d_OCSP_REQUEST(request.get(), &der);
  if (length < 0) return openssl_error(ErrorCode::crypto, "making an OCSP request");
  Bytes bytes(der, der + length);
  OPENSSL_free(der);
  return bytes;
}

Result<OcspAnswer> judge_ocsp_response(ByteView response, const Certificate& certificate, const Certificate& issuer,
                                       WallTime now) {
  const auto* at = response.data();
  const ResponsePtr read(response.empty() || response.size() > ocsp_bytes_maximum
                             ? nullptr
                             : d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(response.size())));
  if (!read || at != response.data() + response.size())
    return openssl_error(ErrorCode::invalid_input, "not an OCSP response");
  if (const int status = OCSP_response_status(read.get()); status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return Error{ErrorCode::refused, std::string("the responder says ") + OCSP_response_status_str(status)};
  const BasicPtr basic(OCSP_response_get1_basic(read.get()));
  const IdPtr id(OCSP_cert_to_id(EVP_sha1(), certificate.native(), issuer.native()));
  if (!basic || !id) return openssl_error(ErrorCode::invalid_input, "not an OCSP response");
  if (!has_sane_keys(basic.get())) {
    ERR_clear_error();
    return Error{ErrorCode::refused, "the answer has a certificate with a key that is not to be used"};
  }
  const bool good_signature = is_signed(basic.get(), issuer, now);
  ERR_clear_error();
  if (!good_signature)
    return Error{ErrorCode::refused, "the answer is not signed by " + issuer.subject() + " or a responder of it"};
  int status = V_OCSP_CERTSTATUS_UNKNOWN;
  ASN1_GENERALIZEDTIME *from = nullptr, *until = nullptr;
  if (OCSP_resp_find_status(basic.get(), id.get(), &status, nullptr, nullptr, &from, &until) != 1)
    return Error{ErrorCode::refused, "the answer is about another certificate"};
  if (status != V_OCSP_CERTSTATUS_GOOD && status != V_OCSP_CERTSTATUS_REVOKED)
    return Error{ErrorCode::refused, "the responder does not know the certificate"};
  const auto made = to_wall_time(from);
  const auto next = until == nullptr ? (made ? Result<WallTime>(*made + without_end) : made) : to_wall_time(until);
  if (!made || !next) return Error{ErrorCode::invalid_input, "an OCSP response whose dates cannot be read"};
  if (*made > now + skew || *next < now) return Error{ErrorCode::refused, "the answer is not of now"};
  return OcspAnswer{status == V_OCSP_CERTSTATUS_REVOKED, *made, *next};
}

}  // namespace ipsec9000::pki
