#pragma once
#include <string>

#include "pki/certificate.hpp"

namespace ipsec9000::pki {

std::string certificate_pem(const Certificate& certificate);

}  // namespace ipsec9000::pki
