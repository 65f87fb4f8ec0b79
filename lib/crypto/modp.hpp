// The MODP half of key_exchange.hpp.
#pragma once
#include "crypto/key_exchange.hpp"

namespace ipsec9000 {
Result<DhKeyPair> modp_generate(Group group);
Result<Secret> modp_derive(const DhKeyPair& ours, ByteView peer_public_value);
Result<void> modp_check(Group group, ByteView peer_public_value);
}  // namespace ipsec9000
