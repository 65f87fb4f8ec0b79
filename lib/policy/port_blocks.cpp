#include "policy/port_blocks.hpp"

namespace ipsec9000 {

namespace {
// Calls `take(first, size)` for each block; sizes are powers of two and divide their first port.
template <class Take>
void each_block(const PortRange& range, Take take) {
  std::uint32_t first = range.first;
  const std::uint32_t end = std::uint32_t{range.last} + 1;
  while (first < end) {
    std::uint32_t size = first == 0 ? 0x10000 : first & (~first + 1);
    while (first + size > end) size /= 2;
    take(first, size);
    first += size;
  }
}
}  // namespace

std::vector<PortBlock> port_blocks(const PortRange& range) {
  std::vector<PortBlock> blocks;
  each_block(range, [&](std::uint32_t first, std::uint32_t size) {
    blocks.push_back({static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(0x10000 - size)});
  });
  return blocks;
}

std::size_t port_block_count(const PortRange& range) {
  std::size_t count = 0;
  each_block(range, [&](std::uint32_t, std::uint32_t) { ++count; });
  return count;
}

}  // namespace ipsec9000
