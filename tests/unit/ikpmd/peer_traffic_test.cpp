#include "peer_traffic.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000;

namespace {
IpAddress peer(std::uint32_t number) {
  return *IpAddress::from_bytes(Bytes{10, static_cast<std::uint8_t>(number >> 16U),
                                      static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)});
}
constexpr WallTime noon(Duration(1'000'000));
}  // namespace

TEST_CASE("messages are counted by peer and direction, with the last time of each") {
  PeerTraffic traffic;
  CHECK_FALSE(traffic.of(peer(1)));
  traffic.sent(peer(1), noon);
  traffic.sent(peer(1), noon + seconds(1));
  traffic.received(peer(2), noon);
  const auto counts = traffic.of(peer(1));
  REQUIRE(counts);
  CHECK(counts->sent == 2);
  CHECK(counts->received == 0);
  CHECK(counts->last_sent == noon + seconds(1));
  CHECK(counts->last_received == WallTime{});
}

TEST_CASE("the number of peers is bounded, and who speaks stays") {
  PeerTraffic traffic;
  traffic.sent(peer(0), noon);
  for (std::uint32_t n = 1; n < 3 * PeerTraffic::most_peers; ++n) {
    traffic.received(peer(n), noon);
    if (n % 100 == 0) traffic.sent(peer(0), noon);
  }
  CHECK(traffic.size() == PeerTraffic::most_peers);
  CHECK(traffic.of(peer(0)));
  CHECK_FALSE(traffic.of(peer(1)));
  CHECK(traffic.of(peer(3 * PeerTraffic::most_peers - 1)));
}
