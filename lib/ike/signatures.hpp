// The strategy for RSA and ECDSA signatures, see authentication.hpp. Internal to lib/ike.
#pragma once
#include "ike/authentication.hpp"

namespace ipsec9000::ike {

const Authentication& signatures();

}  // namespace ipsec9000::ike
