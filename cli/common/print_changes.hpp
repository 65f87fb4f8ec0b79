// What a reload changes, from the answers of policy.diff and policy.reload.
#pragma once
#include <iosfwd>

#include "base/json_fwd.hpp"

namespace ipsec9000::cli {

// A line for each policy, "+ telnet_out", "~ web (SAs kept)", and below it one for each field that differs.
void print_changes(std::ostream& out, const Json& answer);

}  // namespace ipsec9000::cli
