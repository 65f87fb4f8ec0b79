// What one policy is in the kernel: its selectors and templates. Internal to the compiler.
#pragma once
#include <array>
#include <vector>

#include "policy/configuration.hpp"
#include "policy/port_blocks.hpp"
#include "xfrm/types.hpp"

namespace ipsec9000 {

inline constexpr std::array entry_directions{PolicyDirection::out, PolicyDirection::in, PolicyDirection::forward};

// As packets that go out see it.
KernelSelector outward_selector(const Filter& filter, Family family, PortBlock local_port, PortBlock remote_port);
// The same for packets that come in, and back.
KernelSelector mirrored(const KernelSelector& selector);
// The layers of protection that the policy demands in this direction; none for one that does not secure.
std::vector<Template> templates_of(const Policy& policy, std::uint32_t reqid, PolicyDirection direction);

// All selectors that a filter becomes, as seen by packets that go out.
template <class Take>
void for_each_selector(const Filter& filter, Take take) {
  const auto local_ports = port_blocks(filter.local_port);
  const auto remote_ports = port_blocks(filter.remote_port);
  for (const auto family : {Family::ipv4, Family::ipv6}) {
    if (!filter.allows(family)) continue;
    for (const auto& local : local_ports)
      for (const auto& remote : remote_ports) take(outward_selector(filter, family, local, remote));
  }
}

}  // namespace ipsec9000
