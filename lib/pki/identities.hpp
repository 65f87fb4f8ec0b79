// Whether an ISAKMP identity and a name in a certificate are the same (RFC 4945, 3.1).
#pragma once
#include <string>

#include "model/identity.hpp"
#include "pki/certificate.hpp"

namespace ipsec9000::pki {

// Addresses byte for byte; host names, and mail addresses behind the '@', without regard to case; distinguished names
// as RFC 5280, 7.1 compares them. No wildcards: a peer is one host.
bool same_identity(const Identity& a, const Identity& b);
bool has_name(const Certificate& certificate, const Identity& identity);

// Identities that same_identity holds for the same have the same key.
std::string identity_key(const Identity& identity);

std::string names_text(const Certificate& certificate);  // all of them, separated by blanks and commas

}  // namespace ipsec9000::pki
