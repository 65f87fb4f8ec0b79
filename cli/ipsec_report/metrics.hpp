// ipsec_report -metrics: counts in the text format that Prometheus reads.
#pragma once
#include <string>

#include "cli/common/daemons.hpp"
#include "xfrm/statistics.hpp"

namespace ipsec9000::cli {

// What is not to be had is left out; ipsec9000_daemon_up says why. `drops`: the kernel's counters.
std::string metrics(Daemons& daemons, const Result<XfrmStatistics>& drops);

}  // namespace ipsec9000::cli
