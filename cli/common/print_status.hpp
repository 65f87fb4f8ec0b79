// ipsec_admin -status: one value, shown as text or as JSON.
#pragma once
#include <string>

#include "base/json_fwd.hpp"
#include "base/time.hpp"

namespace ipsec9000::cli {

// The document of `ipsec_admin -status --json` (ipsec_admin(8) describes its fields) in HP-UX's layout.
std::string print_status(const Json& status, const std::string& time);

// The state of a trace ("trace" of the status, not null) in a line.
std::string trace_shown(const Json& trace);

// "Tue Mar 16 10:09:08 2004", local time.
std::string hp_date(WallTime time);

}  // namespace ipsec9000::cli
