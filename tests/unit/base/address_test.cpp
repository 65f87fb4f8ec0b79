#include "base/address.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstring>

using namespace ipsec9000;

TEST_CASE("addresses are printed in the form they are usually written in") {
  const char* text = GENERATE("0.0.0.0", "10.1.0.1", "255.255.255.255", "::", "::1", "fd00::1",
                              "2001:db8::ff00:42:8329", "::ffff:192.0.2.1");
  CHECK(IpAddress::parse(text)->to_string() == text);
}

TEST_CASE("what is no address is refused") {
  const std::string text =
      GENERATE(as<std::string>(), "", " ", "10.1.0", "10.1.0.1.2", "10.1.0.256", "010.1.0.1", "10.1.0.1 ",
               "10.1.0.1/24", "fe80::1%eth0", "fd00:::1", "12345::", "localhost", std::string("10.1.0.1\0x", 10));
  const auto address = IpAddress::parse(text);
  REQUIRE_FALSE(address);
  CHECK(address.error().code == ErrorCode::invalid_input);
}

TEST_CASE("an address has 4 or 16 bytes") {
  const Bytes bytes(17, 1);
  for (std::size_t size = 0; size <= bytes.size(); ++size)
    CHECK(IpAddress::from_bytes(ByteView(bytes).first(size)).has_value() == (size == 4 || size == 16));
}

TEST_CASE("addresses know their kind") {
  struct Row {
    const char* text;
    bool any, loopback, multicast, link_local;
  };
  const auto row = GENERATE(values<Row>({{"0.0.0.0", true, false, false, false},
                                         {"127.8.0.1", false, true, false, false},
                                         {"224.0.0.1", false, false, true, false},
                                         {"239.255.255.255", false, false, true, false},
                                         {"240.0.0.1", false, false, false, false},
                                         {"255.255.255.255", false, false, true, false},
                                         {"169.254.1.1", false, false, false, true},
                                         {"10.1.0.1", false, false, false, false},
                                         {"::", true, false, false, false},
                                         {"::1", false, true, false, false},
                                         {"ff02::1", false, false, true, false},
                                         {"fe80::1", false, false, false, true},
                                         {"febf::1", false, false, false, true},
                                         {"fec0::1", false, false, false, false}}));
  CAPTURE(row.text);
  const auto address = *IpAddress::parse(row.text);
  CHECK(address.is_any() == row.any);
  CHECK(address.is_loopback() == row.loopback);
  CHECK(address.is_multicast() == row.multicast);
  CHECK(address.is_link_local() == row.link_local);
}

TEST_CASE("a prefix is printed as it is written, and a single address without its length") {
  CHECK(Prefix::parse("10.1.0.0/16")->to_string() == "10.1.0.0/16");
  CHECK(Prefix::parse("10.1.0.1/32")->to_string() == "10.1.0.1");
  CHECK(Prefix::parse("fd00::/8")->to_string() == "fd00::/8");
  CHECK(Prefix::parse("fd00::1/128")->to_string() == "fd00::1");
  CHECK(Prefix::parse("0.0.0.0/0")->to_string() == "0.0.0.0/0");
}

TEST_CASE("host bits in a written prefix are an error that names the network") {
  const auto prefix = Prefix::parse("10.1.0.1/24");
  REQUIRE_FALSE(prefix);
  CHECK_THAT(prefix.error().text, Catch::Contains("10.1.0.0/24"));
  CHECK_FALSE(Prefix::parse("fd00::1/64"));
  CHECK_FALSE(Prefix::parse("0.0.0.1/0"));
}

TEST_CASE("what is no prefix is refused") {
  const char* text = GENERATE("10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "/8",
                              "fd00::/129", "10.0.0.0/0x8", "10.0.0.0/99999999999999999999");
  CHECK_FALSE(Prefix::parse(text));
}

TEST_CASE("making a prefix clears the host bits at every length") {
  const auto all_ones = *IpAddress::from_bytes(Bytes(16, 0xff));
  for (unsigned length = 0; length <= 128; ++length) {
    const auto prefix = *Prefix::make(all_ones, length);
    unsigned set = 0;
    for (const auto byte : prefix.address().bytes()) set += static_cast<unsigned>(__builtin_popcount(byte));
    CHECK(set == length);
    CHECK(prefix.netmask() == prefix.address());
    CHECK(prefix.last() == all_ones);
  }
  CHECK_FALSE(Prefix::make(all_ones, 129));
  CHECK_FALSE(Prefix::make(*IpAddress::parse("10.0.0.1"), 33));
}

TEST_CASE("a prefix contains addresses of its own family only") {
  CHECK(Prefix::parse("10.1.0.0/16")->contains(*IpAddress::parse("10.1.255.255")));
  CHECK_FALSE(Prefix::parse("10.1.0.0/16")->contains(*IpAddress::parse("10.2.0.0")));
  CHECK(Prefix::any(Family::ipv4).contains(*IpAddress::parse("255.255.255.255")));
  CHECK_FALSE(Prefix::any(Family::ipv4).contains(*IpAddress::parse("::")));
  CHECK_FALSE(Prefix::any(Family::ipv6).contains(*IpAddress::parse("0.0.0.0")));
}

TEST_CASE("prefixes overlap when one contains the other") {
  struct Row {
    const char *a, *b;
    bool contains, overlaps;
  };
  const auto row = GENERATE(values<Row>({{"10.0.0.0/8", "10.1.0.0/16", true, true},
                                         {"10.1.0.0/16", "10.0.0.0/8", false, true},
                                         {"10.0.0.0/8", "10.0.0.0/8", true, true},
                                         {"10.0.0.0/9", "10.128.0.0/9", false, false},
                                         {"0.0.0.0/0", "192.0.2.1", true, true},
                                         {"0.0.0.0/0", "::/0", false, false}}));
  CAPTURE(row.a, row.b);
  CHECK(Prefix::parse(row.a)->contains(*Prefix::parse(row.b)) == row.contains);
  CHECK(Prefix::parse(row.a)->overlaps(*Prefix::parse(row.b)) == row.overlaps);
}

TEST_CASE("an endpoint goes through a socket address and back") {
  const char* text = GENERATE("10.1.0.1", "fd00::1");
  const Endpoint endpoint{*IpAddress::parse(text), 4500};
  sockaddr_storage storage{};
  const auto size = endpoint.to_sockaddr(storage);
  const auto* address = reinterpret_cast<const sockaddr*>(&storage);
  CHECK(*Endpoint::from_sockaddr(address, size) == endpoint);
  CHECK_FALSE(Endpoint::from_sockaddr(address, size - 1));
}

TEST_CASE("an endpoint of another family is refused") {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  CHECK_FALSE(Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&storage), sizeof storage));
}

TEST_CASE("IPv6 endpoints have brackets") {
  CHECK(Endpoint{*IpAddress::parse("fd00::1"), 500}.to_string() == "[fd00::1]:500");
  CHECK(Endpoint{*IpAddress::parse("10.1.0.1"), 500}.to_string() == "10.1.0.1:500");
}

TEST_CASE("different addresses hash differently, equal ones alike") {
  const HashAddress hash;
  CHECK(hash(*IpAddress::parse("10.1.0.1")) == hash(*IpAddress::parse("10.1.0.1")));
  CHECK(hash(*IpAddress::parse("10.1.0.1")) != hash(*IpAddress::parse("10.1.0.2")));
}
