// What runs in a process of its own: one CRL from a server that may be slow, silent or hostile.
#pragma once
#include <string>

#include "base/bytes.hpp"

namespace ipsec9000 {

inline constexpr unsigned fetch_seconds = 20;  // for name, connection and answer together

// From http:// (OpenSSL) or ldap:// (RFC 4516; the attribute of the URL, else certificateRevocationList;binary). At
// most pki::crl_bytes_maximum. Blocks.
Result<Bytes> fetch_crl(const std::string& url);

// main() of "ikpmd --fetch URL": writes the CRL to standard output, or a sentence and exits with 1. Ends itself when
// the time or 512 MB of memory are used up.
int fetch_main(const std::string& url);

}  // namespace ipsec9000
