// A range of ports as the kernel can compare it: values under masks.
#pragma once
#include <vector>

#include "base/selector.hpp"

namespace ipsec9000 {

// The ports whose bits under `mask` are those of `value`.
struct PortBlock {
  std::uint16_t value = 0;
  std::uint16_t mask = 0;
  auto operator<=>(const PortBlock&) const = default;
};

// The fewest blocks that together hold exactly the ports of the range, ascending and disjoint: 1024-65535 is 6 of
// them, 1-65534 the worst case of 30. "any" is one block with mask 0.
std::vector<PortBlock> port_blocks(const PortRange& range);
std::size_t port_block_count(const PortRange& range);

}  // namespace ipsec9000
