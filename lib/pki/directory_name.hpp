#pragma once
#include <string>

#include "pki/certificate.hpp"

namespace ipsec9000::pki {

// The subject as an LDAP directory calls it (RFC 4514), with what a URL does not take written as %XX:
// "CN=Root,O=Example".
std::string directory_name(const Certificate& certificate);
std::string issuer_directory_name(const Certificate& certificate);  // the issuer

}  // namespace ipsec9000::pki
