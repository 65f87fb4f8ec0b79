// ipsec_report -metrics: counts in the text format that Prometheus reads.
#pragma once
#include <string>

#include "cli/common/daemons.hpp"

namespace ipsec9000::cli {

// What is not to be had is left out; ipsec9000_daemon_up says why.
std::string metrics(Daemons& daemons);

}  // namespace ipsec9000::cli
