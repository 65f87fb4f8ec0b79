#include "support/certificates.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <map>
#include <stdexcept>

#include "crypto/distinguished_name.hpp"

namespace ipsec9000::test {

namespace {
void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("test certificate: ") + what);
}

std::shared_ptr<EVP_PKEY> shared(EVP_PKEY* key) {
  require(key != nullptr, "no key");
  return {key, EVP_PKEY_free};
}

// A name of its own, then a copy: d2i_X509_NAME into the certificate's would free that one and leave it pointing there.
void set_subject(X509* x509, const std::string& text) {
  const auto der = distinguished_name_to_der(text);
  require(der.has_value(), "no name");
  const auto* at = der->data();
  auto* name = d2i_X509_NAME(nullptr, &at, static_cast<long>(der->size()));
  require(name != nullptr, "no name");
  X509_set_subject_name(x509, name);
  X509_NAME_free(name);
}

void set_time(ASN1_TIME* time, Duration after) {
  ASN1_TIME_set(time, std::chrono::system_clock::to_time_t(pki_now + after));
}

void extend(X509* x509, X509* issuer, int nid, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension != nullptr, value.c_str());
  X509_add_ext(x509, extension, -1);
  X509_EXTENSION_free(extension);
}

void add_extensions(X509* x509, X509* issuer, const CertificateSpec& spec) {
  const auto length = spec.path_length >= 0 ? ",pathlen:" + std::to_string(spec.path_length) : std::string();
  extend(x509, issuer, NID_basic_constraints, spec.ca ? "critical,CA:TRUE" + length : "critical,CA:FALSE");
  const std::string fits = spec.ca ? "keyCertSign,cRLSign" : "digitalSignature";
  extend(x509, issuer, NID_key_usage, "critical," + (spec.key_usage.empty() ? fits : spec.key_usage));
  extend(x509, issuer, NID_ext_key_usage, spec.extended_key_usage);
  extend(x509, issuer, NID_subject_alt_name, spec.alternative_names);
  extend(x509, issuer, NID_name_constraints, spec.name_constraints.empty() ? "" : "critical," + spec.name_constraints);
  extend(x509, issuer, NID_crl_distribution_points, spec.crl_url);
  extend(x509, issuer, NID_info_access, spec.ocsp_url.empty() ? "" : "OCSP;URI:" + spec.ocsp_url);
  extend(x509, issuer, NID_info_access, spec.issuer_url.empty() ? "" : "caIssuers;URI:" + spec.issuer_url);
}

Bytes taken(int length, unsigned char* der) {
  require(length > 0, "no encoding");
  Bytes bytes(der, der + length);
  OPENSSL_free(der);
  return bytes;
}

std::string taken(BIO* bio) {
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio, &text);
  std::string out(text, static_cast<std::size_t>(length));
  BIO_free(bio);
  return out;
}
}  // namespace

std::shared_ptr<evp_pkey_st> test_key(const std::string& kind, int number) {
  static std::map<std::pair<std::string, int>, std::shared_ptr<EVP_PKEY>> made;
  auto& key = made[{kind, number}];
  if (key) return key;
  if (kind == "ED25519")
    key = shared(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  else if (kind.starts_with("RSA:"))
    key = shared(EVP_RSA_gen(std::stoul(kind.substr(4))));
  else
    key = shared(EVP_EC_gen(kind.c_str()));
  return key;
}

std::shared_ptr<evp_pkey_st> absurd_rsa_key(unsigned modulus_bits, unsigned long exponent) {
  auto* n = BN_new();
  auto* e = BN_new();
  BN_rand(n, static_cast<int>(modulus_bits), BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD);
  BN_set_word(e, exponent);
  auto* build = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
  OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
  auto* parameters = OSSL_PARAM_BLD_to_param(build);
  auto* context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_fromdata_init(context);
  EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(build);
  BN_free(n);
  BN_free(e);
  return shared(key);
}

Bytes Issued::der() const {
  unsigned char* out = nullptr;
  const int length = i2d_X509(x509.get(), &out);
  return taken(length, out);
}

Secret Issued::key_der() const {
  unsigned char* out = nullptr;
  auto* info = EVP_PKEY2PKCS8(key.get());
  const int length = i2d_PKCS8_PRIV_KEY_INFO(info, &out);
  PKCS8_PRIV_KEY_INFO_free(info);
  return Secret(taken(length, out));
}

Issued issue(const CertificateSpec& spec, const Issued* issuer) {
  static unsigned long last_serial = 0x1000;
  Issued issued{{X509_new(), X509_free}, spec.key ? spec.key : shared(EVP_EC_gen("P-256"))};
  auto* x509 = issued.x509.get();
  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), spec.serial != 0 ? spec.serial : ++last_serial);
  set_subject(x509, spec.subject);
  auto* issuer_x509 = issuer != nullptr ? issuer->x509.get() : x509;
  X509_set_issuer_name(x509, X509_get_subject_name(issuer_x509));
  set_time(X509_getm_notBefore(x509), spec.from);
  set_time(X509_getm_notAfter(x509), spec.until);
  require(X509_set_pubkey(x509, issued.key.get()) == 1, "key not taken");
  add_extensions(x509, issuer_x509, spec);
  auto* signer = issuer != nullptr ? issuer->key.get() : issued.key.get();
  const auto* digest = EVP_PKEY_is_a(signer, "ED25519") == 1 ? nullptr : EVP_get_digestbyname(spec.digest.c_str());
  require(X509_sign(x509, signer, digest) > 0, "not signed");
  return issued;
}

Issued root(const std::string& subject) {
  CertificateSpec spec;
  spec.subject = subject;
  spec.ca = true;
  return issue(spec);
}

Bytes issue_crl(const Issued& ca, const CrlSpec& spec) {
  const std::shared_ptr<X509_CRL> crl(X509_CRL_new(), X509_CRL_free);
  X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(ca.x509.get()));
  const std::shared_ptr<ASN1_TIME> time(ASN1_TIME_new(), ASN1_TIME_free);
  set_time(time.get(), spec.from);
  X509_CRL_set1_lastUpdate(crl.get(), time.get());
  set_time(time.get(), spec.until);
  X509_CRL_set1_nextUpdate(crl.get(), time.get());
  set_time(time.get(), spec.from);
  for (const auto serial : spec.revoked) {
    auto* entry = X509_REVOKED_new();
    const std::shared_ptr<ASN1_INTEGER> number(ASN1_INTEGER_new(), ASN1_INTEGER_free);
    ASN1_INTEGER_set_uint64(number.get(), serial);
    X509_REVOKED_set_serialNumber(entry, number.get());
    X509_REVOKED_set_revocationDate(entry, time.get());
    X509_CRL_add0_revoked(crl.get(), entry);
  }
  X509_CRL_sort(crl.get());
  require(X509_CRL_sign(crl.get(), ca.key.get(), EVP_sha256()) > 0, "CRL not signed");
  unsigned char* out = nullptr;
  const int length = i2d_X509_CRL(crl.get(), &out);
  return taken(length, out);
}

unsigned long serial_of(const Issued& issued) {
  std::uint64_t serial = 0;
  ASN1_INTEGER_get_uint64(&serial, X509_get0_serialNumber(issued.x509.get()));
  return serial;
}

std::string pem(const Issued& issued) {
  auto* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, issued.x509.get());
  return taken(bio);
}

std::string key_pem(const Issued& issued) {
  auto* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, issued.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return taken(bio);
}

Bytes pkcs12(const Issued& issued, const std::vector<Issued>& others, const std::string& password) {
  auto* chain = sk_X509_new_null();
  for (const auto& other : others) sk_X509_push(chain, other.x509.get());
  const std::shared_ptr<PKCS12> made(
      PKCS12_create(password.c_str(), "test", issued.key.get(), issued.x509.get(), chain, 0, 0, 0, 0, 0), PKCS12_free);
  sk_X509_free(chain);
  require(made != nullptr, "no PKCS#12");
  unsigned char* out = nullptr;
  const int length = i2d_PKCS12(made.get(), &out);
  return taken(length, out);
}

Bytes pkcs7(const std::vector<Issued>& certificates) {
  const std::shared_ptr<PKCS7> made(PKCS7_new(), PKCS7_free);
  PKCS7_set_type(made.get(), NID_pkcs7_signed);
  PKCS7_content_new(made.get(), NID_pkcs7_data);
  for (const auto& certificate : certificates) PKCS7_add_certificate(made.get(), certificate.x509.get());
  unsigned char* out = nullptr;
  const int length = i2d_PKCS7(made.get(), &out);
  return taken(length, out);
}

}  // namespace ipsec9000::test
