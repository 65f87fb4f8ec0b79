// Proposals as strongSwan writes them: "aes128-sha256-modp2048". Internal to the importer.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "crypto/algorithms.hpp"

namespace ipsec9000 {

struct ProposalWords {
  std::optional<Encryption> encryption;
  std::optional<HashAlgorithm> hash;  // as hash of IKE
  std::optional<Integrity> integrity;
  std::optional<Group> group;
  std::string unknown;  // the first word that means nothing here; then the others are worth nothing
};
ProposalWords read_proposal(std::string_view text);

}  // namespace ipsec9000
