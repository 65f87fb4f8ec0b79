// The kernel's counters of IPsec packets that it dropped (/proc/net/xfrm_stat), in words.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ipsec9000 {

struct XfrmCounter {
  std::string_view name;   // "XfrmInNoStates"
  std::string_view words;  // "inbound AH or ESP packets of an SA that does not exist": who was dropped
  bool ordinary = false;   // counts in healthy operation as well: packets that wait for their SA
};
std::span<const XfrmCounter> xfrm_counters();
const XfrmCounter* find_xfrm_counter(std::string_view name);

// Counts by the kernel's names; also those that the table does not know.
using XfrmStatistics = std::map<std::string, std::uint64_t, std::less<>>;
XfrmStatistics parse_xfrm_statistics(std::string_view text);  // lines that are none are passed over
// Of the network namespace we are in. not_found: this kernel does not count.
Result<XfrmStatistics> read_xfrm_statistics();

}  // namespace ipsec9000
