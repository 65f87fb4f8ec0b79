// The packet that ipsec_policy asks about.
#pragma once
#include "base/json_fwd.hpp"
#include "cli/common/arguments.hpp"

namespace ipsec9000::cli {

// The parameters of "policy.query". Addresses that were not given are the wildcard of the other's family, IPv4 when
// neither was; ports and protocol default to any, the direction to out. Impossible combinations are invalid_input.
Result<Json> query_from(const Arguments& arguments);

}  // namespace ipsec9000::cli
