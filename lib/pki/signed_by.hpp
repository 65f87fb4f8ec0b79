// Who signed what, where no path is looked for. Public-key work.
#pragma once
#include "pki/certificate.hpp"
#include "pki/crl.hpp"

namespace ipsec9000::pki {

// Whether this CA issued the list, or the certificate, and signed it.
bool signed_by(const Crl& crl, const Certificate& ca);
bool signed_by(const Certificate& certificate, const Certificate& ca);

}  // namespace ipsec9000::pki
