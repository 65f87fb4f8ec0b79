#include "policy/matcher.hpp"

#include <catch2/catch.hpp>

#include "policies.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
std::vector<std::string> reasons(const Explanation& explanation) {
  std::vector<std::string> all;
  for (const auto& candidate : explanation.candidates)
    all.push_back((candidate.policy == nullptr ? to_string(candidate.kind) : candidate.policy->name) + ": " +
                  candidate.reason);
  return all;
}
}  // namespace

TEST_CASE("inbound, the local side is the destination; an ICMP type has no side") {
  Configuration configuration;
  add(configuration, {.local = "10.1.0.1", .protocol = IpProtocol::tcp, .local_port = PortRange::one(23)},
      Decision::secure);
  add(configuration, {.remote = "10.1.0.9", .protocol = IpProtocol::icmp, .local_port = PortRange::one(8)},
      Decision::discard);
  const Matcher matcher(configuration);
  CHECK(matcher.match(flow("10.9.9.9", 5, "10.1.0.1", 23), Direction::in).name() == "p1");
  CHECK(matcher.match(flow("10.9.9.9", 5, "10.1.0.1", 23), Direction::out).name() == "default");
  CHECK(matcher.match(flow("10.1.0.1", 23, "10.9.9.9", 5), Direction::out).name() == "p1");
  CHECK(matcher.match(flow("10.1.0.9", 8, "10.1.0.1", 0, IpProtocol::icmp), Direction::in).name() == "p2");
  CHECK(matcher.match(flow("10.1.0.1", 8, "10.1.0.9", 0, IpProtocol::icmp), Direction::out).name() == "p2");
  CHECK(matcher.match(flow("10.1.0.1", 0, "10.1.0.9", 8, IpProtocol::icmp), Direction::out).name() == "default");
}

TEST_CASE("families stay apart: icmp is IPv4, icmpv6 is IPv6, 0.0.0.0/0 is IPv4") {
  Configuration configuration;
  add(configuration, {.protocol = IpProtocol::icmp});
  add(configuration, {.remote = "0.0.0.0/0", .protocol = IpProtocol::udp});
  const Matcher matcher(configuration);
  CHECK(matcher.match(flow("fd00::1", 8, "fd00::2", 0, IpProtocol::icmp), Direction::out).name() == "default");
  CHECK(matcher.match(flow("fd00::1", 8, "fd00::2", 9, IpProtocol::udp), Direction::out).name() == "default");
  CHECK(matcher.match(flow("10.0.0.1", 8, "10.0.0.2", 9, IpProtocol::udp), Direction::out).name() == "p2");
  // No such packet exists, and the matcher has an answer all the same.
  CHECK(matcher.match(flow("10.0.0.1", 8, "fd00::2", 9, IpProtocol::udp), Direction::out).name() == "default");
  CHECK(matcher.explain(flow("10.0.0.1", 8, "fd00::2", 9, IpProtocol::udp), Direction::out).match.name() == "default");
}

TEST_CASE("neighbour discovery and bypassed addresses stand above every policy") {
  Configuration configuration;
  configuration.default_action = Decision::discard;
  configuration.bypass = {address("192.168.9.1")};
  add(configuration, {}, Decision::discard);
  const Matcher matcher(configuration);
  for (std::uint16_t type = 130; type < 140; ++type) {
    const auto match = matcher.match(flow("fe80::1", type, "fe80::2", 0, IpProtocol::icmpv6), Direction::in);
    CHECK((match.kind == PolicyKind::system) == (type >= 133 && type <= 137));
  }
  CHECK(matcher.match(flow("192.168.9.1", 1, "10.0.0.1", 1), Direction::out).kind == PolicyKind::bypass);
  CHECK(matcher.match(flow("10.0.0.1", 1, "192.168.9.1", 1), Direction::in).action == Decision::pass);
  CHECK(matcher.match(flow("10.0.0.1", 1, "192.168.9.1", 1), Direction::out).action == Decision::discard);
}

TEST_CASE("an explanation says of each candidate where it lost") {
  Configuration configuration;
  add(configuration, {.remote = "10.2.0.0/16"});
  add(configuration, {.remote = "10.2.0.2", .protocol = IpProtocol::tcp, .remote_port = PortRange::one(23)});
  add(configuration, {.protocol = IpProtocol::tcp, .remote_port = PortRange::one(80)});
  add(configuration, {.remote = "10.2.0.2"});
  add(configuration, {.local = "10.9.0.1"});
  const Matcher matcher(configuration);
  const auto explanation = matcher.explain(flow("10.1.0.1", 40000, "10.2.0.2", 80), Direction::out);
  CHECK(reasons(explanation) ==
        std::vector<std::string>{"p2: remote port is 80, not 23", "p3: chosen: 2 exact fields match",
                                 "p4: matches, but by 1 exact fields against 2",
                                 "p1: matches, but is ordered, and a hashed policy matches too"});
  const auto none = matcher.explain(flow("10.1.0.1", 1, "10.3.0.1", 2, IpProtocol::udp), Direction::out);
  CHECK(reasons(none).back() == "default: chosen: no policy matches, so the default decides");
  CHECK(none.candidates.size() == 6);
  const auto limited = matcher.explain(flow("10.1.0.1", 1, "10.3.0.1", 2, IpProtocol::udp), Direction::out, 3);
  CHECK(limited.candidates.size() == 3);
  CHECK(limited.omitted == 3);
  CHECK(limited.candidates.back().chosen);
}

TEST_CASE("the matcher finds what a scan of all policies in the order of selection finds") {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    RandomPolicies random(seed);
    const auto configuration = random.configuration(1 + random.pick(40));
    const Matcher matcher(configuration);
    for (int n = 0; n < 100; ++n) {
      const auto packet = random.packet();
      const auto direction = random.one_in(2) ? Direction::in : Direction::out;
      const auto match = matcher.match(packet, direction);
      if (match.kind == PolicyKind::system || match.kind == PolicyKind::bypass) continue;
      const Policy* expected = nullptr;
      for (const auto index : selection_order(configuration))
        if (expected == nullptr && configuration.policies[index].filter.matches(seen_from_here(packet, direction)))
          expected = &configuration.policies[index];
      if (match.policy != expected) {
        INFO("seed " << seed << ", " << packet.to_string());
        REQUIRE(match.policy == expected);
      }
    }
  }
}
