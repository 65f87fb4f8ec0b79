// OpenSSL's search for a path to an anchor, with everything it objects to. For the sources of this folder.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "pki/trust.hpp"

namespace ipsec9000::pki {

inline constexpr int chain_depth_maximum = 10;  // CAs between a certificate and its anchor

struct ChainObjection {
  int code = 0;   // X509_V_ERR_...
  int depth = 0;  // 0: the leaf
  std::string subject, issuer, serial;
  std::optional<WallTime> crl_date;  // where a CRL was looked at
};

struct Chain {
  std::vector<Certificate> path;  // leaf first, as far as it was found
  std::vector<ChainObjection> objections;
};

// `helpers`: CAs that may be on the path, never believed in themselves. Does not throw or stop at the first objection.
Chain build_chain(const Trust& trust, const Certificate& leaf, const std::vector<Certificate>& helpers, WallTime now);

}  // namespace ipsec9000::pki
