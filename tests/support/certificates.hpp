// A certification authority for tests: keys and certificates are made when a test runs, good ones and bad ones.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

struct evp_pkey_st;
struct x509_st;

namespace ipsec9000::test {

// 2026-01-01T00:00:00Z: the present of these tests.
inline constexpr WallTime pki_now{milliseconds(1'767'225'600'000)};

// "P-256", "P-384", "P-521", "RSA:2048", "ED25519". Asked for again with the same number it is the same key: RSA keys
// take long to make.
std::shared_ptr<evp_pkey_st> test_key(const std::string& kind, int number = 0);

// An RSA public key of any two numbers, which nobody has the private one of. `modulus_bits` at least 16.
std::shared_ptr<evp_pkey_st> absurd_rsa_key(unsigned modulus_bits, unsigned long exponent);

struct Issued {
  std::shared_ptr<x509_st> x509;
  std::shared_ptr<evp_pkey_st> key;
  Bytes der() const;
  Secret key_der() const;  // PKCS#8
};

struct CertificateSpec {
  std::string subject = "O=Example, CN=host";
  std::string alternative_names = {};  // "IP:10.1.0.1,DNS:host.example,email:user@host.example"
  bool ca = false;
  int path_length = -1;
  std::string key_usage = {};           // "digitalSignature"; "": as fits
  std::string extended_key_usage = {};  // "serverAuth"; "": none
  std::string name_constraints = {};    // "permitted;DNS:example"
  std::string crl_url = {};             // "URI:http://..."
  std::string ocsp_url = {};            // "http://..."
  std::string issuer_url = {};          // the same
  Duration from = -std::chrono::hours(24);
  Duration until = std::chrono::hours(24 * 365);
  std::string digest = "SHA256";
  std::shared_ptr<evp_pkey_st> key = {};  // null: a new P-256 key
  unsigned long serial = 0;               // 0: the next
};

// By itself when there is no issuer.
Issued issue(const CertificateSpec& spec, const Issued* issuer = nullptr);
Issued root(const std::string& subject = "O=Example, CN=Root");

struct CrlSpec {
  std::vector<unsigned long> revoked = {};
  Duration from = -std::chrono::hours(1);
  Duration until = std::chrono::hours(24);
};
Bytes issue_crl(const Issued& ca, const CrlSpec& spec = {});

unsigned long serial_of(const Issued& issued);

std::string pem(const Issued& issued);
std::string key_pem(const Issued& issued);
Bytes pkcs12(const Issued& issued, const std::vector<Issued>& others, const std::string& password);
Bytes pkcs7(const std::vector<Issued>& certificates);

}  // namespace ipsec9000::test
