#include "policy/parse.hpp"

#include <catch2/catch.hpp>

#include "policies.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
constexpr std::string_view contract_example = R"({
  "version": 1,
  "policies": [                              // in the order that breaks ties
    { "name": "telnet_in",                   // 1-63 of A-Z a-z 0-9 _ -
      "filter": { "local": "10.1.0.1",       // address, prefix, or "any" (the default)
                  "remote": "10.1.0.0/24",
                  "protocol": "tcp",         /* name or number, or "any" */
                  "local_port": 23,
                  "remote_port": "any" },
      "action": "secure",
      "transforms": ["ESP-AES128-HMAC-SHA256/28800/0", "AH-SHA256+ESP-AES128"],
      "exclusive": false,
      "pfs": "MODP2048",
      "tunnel": {"local": "192.0.2.1", "remote": "192.0.2.9"} },
    { "name": "ping", "filter": {"remote": "10.1.0.0/24", "icmp": {"type": 8}}, "action": "pass" }
  ],
  "default_policy": {"action": "discard"},
  "isakmp_policies": [
    { "name": "finance", "remote": "192.0.2.0/24", "authentication": "psk", "proposals": ["AES128-SHA256-MODP2048"],
      "lifetime": 28800, "max_quick_modes": 100, "local_id": "192.0.2.1", "remote_id": "192.0.2.9" }
  ],
  "bypass": ["192.168.9.1"],
  "allow_legacy": false,
  "startup": {"bootup": false, "audit_level": "error", "audit_directory": "/var/log/ipsec9000", "audit_max_kilobytes": 100}
})";

Configuration parsed(std::string_view text) {
  auto result = parse_configuration(text, "ipsec.json");
  for (const auto& line : result.lines()) UNSCOPED_INFO(line);
  REQUIRE(result.valid());
  return *result.configuration;
}

Filter parsed_filter(const std::string& members) {
  return parsed(R"({"version": 1, "policies": [{"name": "a", "action": "pass", "filter": {)" + members + "}}]}")
      .policies.at(0)
      .filter;
}
}  // namespace

TEST_CASE("the contract's example is read as it is meant") {
  const auto configuration = parsed(contract_example);
  REQUIRE(configuration.policies.size() == 2);
  const auto& telnet = configuration.policies[0];
  CHECK(telnet.name == "telnet_in");
  CHECK(telnet.place == 1);
  CHECK(telnet.filter == filter({.local = "10.1.0.1",
                                 .remote = "10.1.0.0/24",
                                 .protocol = IpProtocol::tcp,
                                 .local_port = PortRange::one(23)}));
  CHECK(telnet.action == Decision::secure);
  CHECK(telnet.transforms.size() == 2);
  CHECK(telnet.usable_transforms().size() == 1);
  CHECK(telnet.pfs == Group::modp2048);
  CHECK(telnet.tunnel == TunnelEnds{address("192.0.2.1"), address("192.0.2.9")});
  const auto& ping = configuration.policies[1];
  CHECK(ping.filter ==
        filter({.remote = "10.1.0.0/24", .protocol = IpProtocol::icmp, .local_port = PortRange::one(8)}));
  CHECK(configuration.default_action == Decision::discard);
  REQUIRE(configuration.isakmp_policies.size() == 1);
  CHECK(configuration.isakmp_policies[0].remote_id->to_string() == "192.0.2.9");
  CHECK(configuration.bypass == std::vector{address("192.168.9.1")});
}

TEST_CASE("what is absent has its default") {
  const auto configuration = parsed(R"({"version": 1})");
  CHECK(configuration == Configuration{});
  CHECK(configuration.default_action == Decision::pass);
  CHECK(configuration.startup.audit_level == "error");
}

TEST_CASE("filters in their spellings") {
  CHECK(parsed_filter("") == Filter{});
  CHECK(parsed_filter(R"("local": "any", "remote": "any", "protocol": "any", "local_port": "any", "remote_port": 0)") ==
        Filter{});
  CHECK(parsed_filter(R"("protocol": 6, "remote_port": "23")") ==
        filter({.protocol = IpProtocol::tcp, .remote_port = PortRange::one(23)}));
  CHECK(parsed_filter(R"("protocol": "UDP", "local_port": "1024-65535")") ==
        filter({.protocol = IpProtocol::udp, .local_port = {1024, 65535}}));
  CHECK(parsed_filter(R"("protocol": "tcp", "local_port": "0-65535")") == filter({.protocol = IpProtocol::tcp}));
  CHECK(parsed_filter(R"("remote": "fd00::/64", "icmp": {"type": 128, "code": 0})") ==
        filter({.remote = "fd00::/64",
                .protocol = IpProtocol::icmpv6,
                .local_port = PortRange::one(128),
                .remote_port = PortRange::one(0)}));
  CHECK(parsed_filter(R"("protocol": "icmp", "icmp": {"type": 0})").family() == Family::ipv4);
  CHECK(parsed_filter(R"("protocol": 47)").protocol == IpProtocol{47});
}

TEST_CASE("a service stands for protocol and remote port, a local service for the local one") {
  CHECK(parsed_filter(R"("service": "telnet")") ==
        filter({.protocol = IpProtocol::tcp, .remote_port = PortRange::one(23)}));
  CHECK(parsed_filter(R"("local_service": "ssh", "remote_port": "1024-65535")") ==
        filter({.protocol = IpProtocol::tcp, .local_port = PortRange::one(22), .remote_port = {1024, 65535}}));
  CHECK(parsed_filter(R"("service": "domain")").protocol == IpProtocol::tcp);
  CHECK(parsed_filter(R"("service": "domain/udp")") ==
        filter({.protocol = IpProtocol::udp, .remote_port = PortRange::one(53)}));
  CHECK(parsed_filter(R"("service": "ntp")").protocol == IpProtocol::udp);
}

TEST_CASE("a byte order mark, comments anywhere and CRLF are no matter") {
  const auto configuration =
      parsed("\xef\xbb\xbf// first\r\n{/* a */\"version\"/* b */:/* c */1//d\r\n,\"bypass\":[\"10.0.0.1\"/**/]}//end");
  CHECK(configuration.bypass.size() == 1);
}

TEST_CASE("legacy algorithms are allowed by the option, wherever it stands") {
  const auto configuration = parsed(R"({"version": 1, "policies": [{"name": "a", "action": "secure", "pfs": "MODP1024",
    "transforms": ["ESP-3DES-HMAC-MD5", "ESP-DES"]}], "isakmp_policies": [{"name": "i", "proposals": ["DES-MD5-MODP768"]}], "allow_legacy": true})");
  CHECK(configuration.allow_legacy);
  CHECK(configuration.policies[0].transforms.size() == 2);
}
