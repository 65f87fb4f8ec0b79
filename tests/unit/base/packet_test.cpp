#include "base/packet.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000;

namespace {
Bytes hex(std::string_view text) {
  std::string digits;
  for (const char c : text)
    if (c != ' ') digits += c;
  return *from_hex(digits);
}
const Bytes tcp4 = hex("45000028 00010000 40060000 0a010001 0a010002 9c400017 00000000");
std::string shown(ByteView packet) {
  const auto flow = flow_of_packet(packet);
  return flow ? flow->to_string() : "nothing";
}
const std::string ends6 = "fd000001000000000000000000000001 fd000001000000000000000000000002";
}  // namespace

TEST_CASE("the five values of IPv4 packets") {
  CHECK(shown(tcp4) == "10.1.0.1:40000 -> 10.1.0.2:23 tcp");
  CHECK(shown(hex("46000020 00010000 40110000 0a010001 0a010002 01010101 01f40035")) ==
        "10.1.0.1:500 -> 10.1.0.2:53 udp");  // with an option
  const auto ping = flow_of_packet(hex("4500001c 00010000 40010000 0a010001 0a010002 08000000"));
  REQUIRE(ping);
  CHECK(ping->protocol == IpProtocol::icmp);
  CHECK(ping->source_port == 8);
}

TEST_CASE("the five values of IPv6 packets, behind extension headers as well") {
  CHECK(shown(hex("60000000 00080640" + ends6 + "9c400017")) == "[fd00:1::1]:40000 -> [fd00:1::2]:23 tcp");
  CHECK(shown(hex("60000000 00100040" + ends6 + "0600000000000000 9c400017")) ==
        "[fd00:1::1]:40000 -> [fd00:1::2]:23 tcp");
  CHECK(shown(hex("60000000 00102c40" + ends6 + "0600000100000001 9c400017")) ==
        "[fd00:1::1]:40000 -> [fd00:1::2]:23 tcp");  // the first fragment
}

TEST_CASE("what does not tell its ports is nothing") {
  CHECK(shown({}) == "nothing");
  CHECK(shown(hex("55000028")) == "nothing");
  CHECK(shown(hex("45000028 00010001 40060000 0a010001 0a010002 9c400017")) == "nothing");  // a later fragment
  CHECK(shown(hex("60000000 00102c40" + ends6 + "0600000900000001 9c400017")) == "nothing");
  CHECK(shown(hex("41000028 00010000 40060000 0a010001 0a010002 9c400017")) == "nothing");  // a header of 4 bytes
  for (std::size_t size = 0; size < 24; ++size) CHECK(shown(ByteView(tcp4).first(size)) == "nothing");
  std::string endless = "60000000 04000040" + ends6;
  for (int n = 0; n < 64; ++n) endless += "0000000000000000";
  CHECK(shown(hex(endless)) == "nothing");
}
