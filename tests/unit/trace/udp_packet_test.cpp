#include "trace/udp_packet.hpp"

#include <catch2/catch.hpp>

#include "base/packet.hpp"

using namespace ipsec9000;

namespace {
Endpoint end(const char* address, std::uint16_t port) { return {*IpAddress::parse(address), port}; }

std::uint32_t sum(ByteView bytes) {
  std::uint32_t total = 0;
  for (std::size_t n = 0; n < bytes.size(); ++n) total += n % 2 == 0 ? std::uint32_t{bytes[n]} << 8U : bytes[n];
  while (total > 0xffff) total = (total & 0xffffU) + (total >> 16U);
  return total;
}
}  // namespace

TEST_CASE("a datagram becomes an IPv4 packet whose checksums are right") {
  const Bytes payload{1, 2, 3};
  const auto packet = udp_packet(end("10.1.0.1", 500), end("10.1.0.2", 4500), payload);
  REQUIRE(packet.size() == 31);
  CHECK(packet[3] == 31);
  CHECK(sum(ByteView(packet).first(20)) == 0xffff);
  const auto pseudo = concat({ByteView(packet).subspan(12, 8), Bytes{0, 17, 0, 11}, ByteView(packet).subspan(20)});
  CHECK(sum(pseudo) == 0xffff);
  const auto flow = flow_of_packet(packet);
  REQUIRE(flow);
  CHECK(flow->source_port == 500);
  CHECK(flow->destination_port == 4500);
  CHECK(flow->destination.to_string() == "10.1.0.2");
}

TEST_CASE("a datagram becomes an IPv6 packet") {
  const auto packet = udp_packet(end("fd00::1", 500), end("fd00::2", 500), Bytes(7, 9));
  REQUIRE(packet.size() == 55);
  CHECK(packet[5] == 15);
  const auto pseudo =
      concat({ByteView(packet).subspan(8, 32), Bytes{0, 0, 0, 15, 0, 0, 0, 17}, ByteView(packet).subspan(40)});
  CHECK(sum(pseudo) == 0xffff);
  CHECK(flow_of_packet(packet)->source.to_string() == "fd00::1");
}

TEST_CASE("what IP could not hold is cut") {
  CHECK(udp_packet(end("10.1.0.1", 1), end("10.1.0.2", 2), Bytes(70'000)).size() == 65535);
}
