// Certificates, CRLs and verdicts as the tools show them. Only .cpp files need the JSON library for it.
#pragma once
#include <string>

#include "base/json_fwd.hpp"
#include "certstore/store.hpp"
#include "pki/validate.hpp"

namespace ipsec9000 {

Json describe(const CertificateEntry& entry);
Json describe(const pki::Crl& crl);
Json describe(const pki::Verdict& verdict);

}  // namespace ipsec9000
