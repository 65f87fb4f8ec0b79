// The priority of each policy. Internal to the compiler.
#pragma once
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "policy/configuration.hpp"

namespace ipsec9000 {

inline constexpr std::uint32_t system_priority = 0x00001000;
inline constexpr std::uint32_t bypass_priority = 0x00002000;
inline constexpr std::uint32_t tunnel_exit_priority = 0xe8000000;
inline constexpr std::uint32_t default_priority = 0xf0000000;

// `order`: indices of policies by rank. `preferred`: for each rank the priority that the policy has now, if any.
// `taken`: all priorities in use now. Returns strictly ascending priorities, each within its class. As many policies
// as possible keep what they prefer; what moves goes where nothing is now.
std::vector<std::uint32_t> assign_priorities(const Configuration& configuration,
                                             const std::vector<std::uint32_t>& order,
                                             const std::vector<std::optional<std::uint32_t>>& preferred,
                                             const std::unordered_set<std::uint32_t>& taken);

}  // namespace ipsec9000
