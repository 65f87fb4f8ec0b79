// Writing PKCS#12 (RFC 7292), as the file of a profile.
#pragma once
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "pki/certificate.hpp"
#include "pki/private_key.hpp"

namespace ipsec9000::pki {

// Everything in it encrypted with AES-256 by the password, which must not be empty.
Result<Bytes> make_pkcs12(const PrivateKey& key, const Certificate& certificate, const std::vector<Certificate>& others,
                          const std::string& name, const Secret& password);

}  // namespace ipsec9000::pki
