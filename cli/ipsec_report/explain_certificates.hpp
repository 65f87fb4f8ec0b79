// What -explain says of certificates, where the ISAKMP policy wants signatures.
#pragma once
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cli/common/daemons.hpp"

namespace ipsec9000::cli {

struct CertificateState {
  struct Own {
    std::string name;
    std::string not_after;
    std::string refused;  // why a peer with our trust would refuse it; "" where it would not
  };
  struct Crl {
    std::string issuer;
    std::string this_update;
    std::string next_update;  // "" where it does not say
    bool overdue = false;     // next_update has passed
  };
  std::vector<Own> own;  // those whose keys are of the wanted kind
  std::vector<std::string> cas;
  std::vector<Crl> crls;
};

// `method`: "rsa-signature" or "ecdsa-signature". Nothing when ikpmd does not answer.
std::optional<CertificateState> find_certificates(Daemons& daemons, const std::string& method, WallTime now);

Json to_json(const CertificateState& state);
std::string in_words(const CertificateState& state);

// Whole sentences, the worst first; none when there is nothing to object to.
std::vector<std::string> advice(const CertificateState& state);

}  // namespace ipsec9000::cli
