#include "base/selector.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000;

namespace {
Selector selector(const char* source, const char* destination, IpProtocol protocol = IpProtocol::any,
                  PortRange from = {}, PortRange to = {}) {
  return {*Prefix::parse(source), *Prefix::parse(destination), protocol, from, to};
}
}  // namespace

TEST_CASE("protocols are read by name and by number") {
  CHECK(*parse_protocol("tcp") == IpProtocol::tcp);
  CHECK(*parse_protocol("6") == IpProtocol::tcp);
  CHECK(*parse_protocol("any") == IpProtocol::any);
  CHECK(*parse_protocol("255") == static_cast<IpProtocol>(255));
  const char* wrong = GENERATE("", "256", "-1", "tcpx", "tcp ", "6.0", "99999999999999999999");
  CHECK_FALSE(parse_protocol(wrong));
}

TEST_CASE("protocols are printed so that they can be read again") {
  for (unsigned number = 0; number < 256; ++number) {
    const auto protocol = static_cast<IpProtocol>(number);
    CAPTURE(number, to_string(protocol));
    CHECK(*parse_protocol(to_string(protocol)) == protocol);
  }
}

TEST_CASE("port ranges know what they contain") {
  const PortRange high{1024, 65535};
  CHECK(high.contains(1024));
  CHECK(high.contains(65535));
  CHECK_FALSE(high.contains(1023));
  CHECK(PortRange::any().contains(high));
  CHECK_FALSE(high.contains(PortRange::any()));
  CHECK(high.overlaps(PortRange{0, 1024}));
  CHECK_FALSE(high.overlaps(PortRange{0, 1023}));
  CHECK(PortRange::any().to_string() == "any");
  CHECK(PortRange::one(23).to_string() == "23");
  CHECK(high.to_string() == "1024-65535");
}

TEST_CASE("the answer's selector has the ends exchanged") {
  const auto request = selector("10.1.0.1", "10.1.0.0/24", IpProtocol::tcp, PortRange{1024, 65535}, PortRange::one(23));
  const auto answer = request.mirrored();
  CHECK(answer.source == request.destination);
  CHECK(answer.destination == request.source);
  CHECK(answer.source_port == PortRange::one(23));
  CHECK(answer.destination_port == PortRange{1024, 65535});
  CHECK(answer.mirrored() == request);
}

TEST_CASE("ICMP type and code stay where they are when a selector is mirrored") {
  const auto protocol = GENERATE(IpProtocol::icmp, IpProtocol::icmpv6);
  const auto request = selector("10.1.0.1", "10.1.0.2", protocol, PortRange::one(8), PortRange::one(0));
  CHECK(request.mirrored().source_port == PortRange::one(8));
  CHECK(request.mirrored().destination_port == PortRange::one(0));
  CHECK(request.mirrored().source == request.destination);
}

TEST_CASE("a selector contains what is narrower in every part") {
  const auto wide = selector("10.0.0.0/8", "10.1.0.0/16", IpProtocol::tcp, PortRange::any(), PortRange{20, 25});
  CHECK(wide.contains(wide));
  CHECK(wide.contains(selector("10.2.0.1", "10.1.0.1", IpProtocol::tcp, PortRange::one(4000), PortRange::one(23))));
  CHECK_FALSE(wide.contains(selector("11.2.0.1", "10.1.0.1", IpProtocol::tcp, {}, PortRange::one(23))));
  CHECK_FALSE(wide.contains(selector("10.2.0.1", "10.2.0.1", IpProtocol::tcp, {}, PortRange::one(23))));
  CHECK_FALSE(wide.contains(selector("10.2.0.1", "10.1.0.1", IpProtocol::udp, {}, PortRange::one(23))));
  CHECK_FALSE(wide.contains(selector("10.2.0.1", "10.1.0.1", IpProtocol::any, {}, PortRange::one(23))));
  CHECK_FALSE(wide.contains(selector("10.2.0.1", "10.1.0.1", IpProtocol::tcp, {}, PortRange::one(26))));
  CHECK(selector("0.0.0.0/0", "0.0.0.0/0").contains(wide));
}

TEST_CASE("selectors overlap when one packet can be in both") {
  const auto telnet = selector("10.1.0.0/24", "0.0.0.0/0", IpProtocol::tcp, {}, PortRange::one(23));
  CHECK(telnet.overlaps(selector("10.1.0.0/16", "10.2.0.1")));
  CHECK(selector("10.1.0.0/16", "10.2.0.1").overlaps(telnet));
  CHECK_FALSE(telnet.overlaps(selector("10.1.0.0/16", "10.2.0.1", IpProtocol::udp)));
  CHECK_FALSE(telnet.overlaps(selector("10.1.0.0/24", "0.0.0.0/0", IpProtocol::tcp, {}, PortRange{24, 65535})));
}

TEST_CASE("a flow's selector contains just that flow") {
  const Flow flow{*IpAddress::parse("10.1.0.1"), *IpAddress::parse("10.1.0.2"), IpProtocol::tcp, 1234, 23};
  const auto exact = flow.as_selector();
  CHECK(exact.source.is_host());
  CHECK(exact.destination.is_host());
  CHECK(exact.source_port == PortRange::one(1234));
  CHECK(exact.destination_port == PortRange::one(23));
  CHECK(flow.to_string() == "10.1.0.1:1234 -> 10.1.0.2:23 tcp");
}
