// An X.509 certificate (RFC 5280), read once and shared.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "model/identity.hpp"

struct x509_st;

namespace ipsec9000::pki {

enum class PublicKeyKind { rsa, ecdsa256, ecdsa384, ecdsa521, other };
std::string_view to_string(PublicKeyKind kind);  // "RSA", "ECDSA P-256", ...

inline constexpr std::size_t certificate_bytes_maximum = std::size_t{64} * 1024;
inline constexpr std::size_t names_maximum = 256;  // that are looked at in one certificate

// Cheap to copy: copies share what was read. Immutable, so threads may share it too.
class Certificate {
 public:
  // The whole of `der` is one certificate; anything else is invalid_input. Says nothing about whether it is valid,
  // nor whether its key is a sane one (check_key).
  static Result<Certificate> parse(ByteView der);

  ByteView der() const;
  const std::string& subject() const;  // "C=DE, O=Example, CN=host", safe to show
  const std::string& issuer() const;
  const Bytes& subject_der() const;
  const Bytes& issuer_der() const;
  const std::string& serial() const;       // hex, two digits a byte
  const std::string& fingerprint() const;  // SHA-256 of the DER form, hex
  WallTime not_before() const;
  WallTime not_after() const;

  // The subject (unless it is empty), then each subjectAltName that an ISAKMP identity can express: addresses, DNS
  // names, mail addresses, directory names.
  const std::vector<Identity>& names() const;

  PublicKeyKind key_kind() const;
  unsigned key_bits() const;  // of the modulus, or of the curve's field; 0 for a key OpenSSL cannot read
  const std::string& signature_digest() const;          // "SHA256"; "" where the algorithm has none of its own
  bool self_issued() const;                             // subject and issuer are the same name
  bool is_ca() const;                                   // by basicConstraints
  const std::vector<std::string>& crl_urls() const;     // http:, ldap: of the CRL distribution points, in order
  const std::vector<std::string>& ocsp_urls() const;    // of the authority information access
  const std::vector<std::string>& issuer_urls() const;  // of the same: where the issuer's certificate may be had

  x509_st* native() const;  // stays this object's; OpenSSL does not take const

  bool operator==(const Certificate& other) const;  // the same bytes

 private:
  struct Data;
  explicit Certificate(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

inline constexpr unsigned rsa_bits_minimum = 2048;         // without allow_legacy
inline constexpr unsigned rsa_bits_legacy_minimum = 1024;  // with it
inline constexpr unsigned rsa_bits_maximum = 8192;

// Whether the key may be used at all: an RSA modulus of 2048 to 8192 bits (1024 with `allow_legacy`) with an odd
// exponent of at least 3 and at most 64 bits, or one of the three curves of RFC 4754. Cheap: looks at sizes only.
// ErrorCode::refused, and the text says what is wrong with it.
Result<void> check_key(const Certificate& certificate, bool allow_legacy);

// Whether a signature with this certificate's digest counts: MD5 and SHA-1 only with `allow_legacy`.
Result<void> check_digest(const Certificate& certificate, bool allow_legacy);

}  // namespace ipsec9000::pki
