#include "policy/port_blocks.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000;

TEST_CASE("a range becomes the number of blocks that the kernel notes measured") {
  CHECK(port_block_count({1024, 65535}) == 6);
  CHECK(port_block_count({32768, 60999}) == 7);
  CHECK(port_block_count({1, 65535}) == 16);
  CHECK(port_block_count({1, 65534}) == 30);
  CHECK(port_block_count(PortRange::any()) == 1);
  CHECK(port_blocks(PortRange::any()) == std::vector{PortBlock{0, 0}});
  CHECK(port_blocks(PortRange::one(23)) == std::vector{PortBlock{23, 0xffff}});
  CHECK(port_blocks(PortRange::one(0)) == std::vector{PortBlock{0, 0xffff}});
  CHECK(port_blocks(PortRange::one(65535)) == std::vector{PortBlock{65535, 0xffff}});
}

TEST_CASE("the blocks of a range hold its ports, each once, and no other") {
  for (const auto& range :
       {PortRange{0, 65534}, PortRange{1000, 2000}, PortRange{1, 65534}, PortRange{22, 23}, PortRange{65534, 65535}}) {
    const auto blocks = port_blocks(range);
    CHECK(blocks.size() == port_block_count(range));
    unsigned wrong = 0;
    for (unsigned port = 0; port <= 65535; ++port) {
      unsigned holding = 0;
      for (const auto& block : blocks)
        if (((port ^ block.value) & block.mask) == 0) ++holding;
      if (holding != (range.contains(static_cast<std::uint16_t>(port)) ? 1u : 0u)) ++wrong;
    }
    INFO(range.to_string());
    CHECK(wrong == 0);
  }
}
