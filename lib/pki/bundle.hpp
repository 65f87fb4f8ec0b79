// What a file of certificates holds, whatever its format.
#pragma once
#include <optional>
#include <vector>

#include "pki/crl.hpp"
#include "pki/private_key.hpp"

namespace ipsec9000::pki {

struct Bundle {
  std::vector<Certificate> certificates;  // in the order of the file
  std::vector<Crl> crls;
  std::optional<PrivateKey> key;  // at most one
};

inline constexpr std::size_t bundle_bytes_maximum = crl_bytes_maximum + std::size_t{1024} * 1024;
inline constexpr std::size_t bundle_certificates_maximum = 1000;

// PEM (certificates, PKCS#7, CRLs, a private key, in any order, text between them), or DER of a certificate, a CRL,
// PKCS#7, PKCS#12 or a private key. `password`: of PKCS#12 or an encrypted key. not_permitted: a password is missing or
// wrong; refused: a key or a password's iteration count beyond all bounds; invalid_input: anything else.
Result<Bundle> read_bundle(ByteView file, const Secret& password);

}  // namespace ipsec9000::pki
