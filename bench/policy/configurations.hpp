// Configurations of any size, in the three kinds that differ for the kernel.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "policy/configuration.hpp"

namespace ipsec9000::bench {

enum class Kind {
  exact,     // one local address, each policy another remote one, TCP port 23: the kernel's own hash finds it
  prefixes,  // any local address, each policy another remote /24: hashed with the right threshold
  wildcard,  // no address, each policy another remote port: nothing to hash
  mixed,     // any local address to single hosts, and the host's own one to /24s, in turn
  expanded,  // the same with the host's own address in place of any
  services,  // the same with the host's own address as the local one: all in one chain of the hash
};
inline constexpr std::size_t most_ports = 65'535;  // of wildcard and services, so many policies at most

// A file of `count` policies that secure with ESP, and one ISAKMP policy. `changed` has another transform.
std::string configuration_text(Kind kind, std::size_t count, std::size_t changed = static_cast<std::size_t>(-1));
Configuration configuration(Kind kind, std::size_t count);

// Outbound packets, of which every second one matches a policy.
std::vector<Flow> packets(Kind kind, std::size_t policies, std::size_t count);

}  // namespace ipsec9000::bench
