#pragma once
#include "pki/certificate.hpp"
#include "pki/crl.hpp"

namespace ipsec9000::pki {

// Whether this CA issued the list and signed it. Public-key work.
bool signed_by(const Crl& crl, const Certificate& ca);

}  // namespace ipsec9000::pki
