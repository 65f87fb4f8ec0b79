// What we show of ourselves: certificates with their private keys, and whom we believe; one snapshot.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pki/private_key.hpp"
#include "pki/trust.hpp"

namespace ipsec9000::pki {

struct Credential {
  std::string name;  // of the entry in the store
  Certificate certificate;
  std::vector<Certificate> chain;  // the CAs between it and an anchor, nearest first, without the anchor
  PrivateKey key;
};

// Whether its path ends at one of these CAs, or goes through one (DER names; none: any CA).
bool issued_under(const Credential& credential, const std::vector<Bytes>& accepted);

struct Credentials {
  std::vector<Credential> own;
  std::shared_ptr<const Trust> trust;

  // The one to show: it has the name `local` (where the policy says one), its key is of one of `kinds`, it is valid
  // `now`; of those one whose path ends at a CA in `accepted` (DER names of the peer's CERTREQs; none: any CA), then
  // the one that stays valid longest. Null when there is none. Valid as long as this object.
  const Credential* choose(const std::optional<Identity>& local, const std::vector<PublicKeyKind>& kinds,
                           const std::vector<Bytes>& accepted, WallTime now) const;
};

}  // namespace ipsec9000::pki
