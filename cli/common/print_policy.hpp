// Blocks of the reports on policies, in the layouts of HP-UX IPSec. They take secpolicyd's answers (see
// ipsec9000-rpc(7)) as they are; what is missing in one is left out.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/json_fwd.hpp"
#include "cli/common/print_sa.hpp"

namespace ipsec9000::cli {

// An item of policy.list. An active one has a direction, source and destination; a configured one local and remote.
// `sas` are those made for this policy; outbound and configured entries show them in pairs, at most `pairs_maximum`.
inline constexpr std::size_t pairs_maximum = 16;
std::string print_policy(const Json& item, const std::vector<SadEntry>& sas = {});

std::string print_isakmp(const Json& item);                       // of isakmp.list
std::string print_cache(const Json& item, std::uint64_t number);  // of policy.cache
std::string print_flow_source(const Json& item);                  // of policy.cache_sources: one line
std::string print_interface(const Json& item);                    // of policy.ip: one line
std::string print_bypass(const Json& item);                       // of policy.bypass: one line
// What a packet's local address is to this host, where that is worth a line; `address`: as it was asked.
std::string print_local_end(const Json& document, const std::string& address);
std::string print_candidates(const Json& document);  // of policy.query with "why"

}  // namespace ipsec9000::cli
