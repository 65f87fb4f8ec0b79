#include "pki/signed_by.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "pki/openssl.hpp"

namespace ipsec9000::pki {

bool signed_by(const Crl& crl, const Certificate& ca) {
  if (X509_NAME_cmp(X509_CRL_get_issuer(crl.native()), X509_get_subject_name(ca.native())) != 0) return false;
  if (!check_key(ca, true)) return false;
  const bool good = X509_CRL_verify(crl.native(), X509_get0_pubkey(ca.native())) == 1;
  ERR_clear_error();
  return good;
}

bool signed_by(const Certificate& certificate, const Certificate& ca) {
  if (X509_check_issued(ca.native(), certificate.native()) != X509_V_OK || !check_key(ca, true)) return false;
  const bool good = X509_verify(certificate.native(), X509_get0_pubkey(ca.native())) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace ipsec9000::pki
