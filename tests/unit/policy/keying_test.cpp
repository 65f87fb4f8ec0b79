// Which traffic shares SAs, and which proposals of a peer fit.
#include "policy/keying.hpp"

#include <catch2/catch.hpp>

#include "policies.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
struct Host {
  explicit Host(Configuration given, const ReqidMap& remembered = {})
      : configuration(std::move(given)), matcher(configuration), keying(matcher, remembered) {}
  Host(const Host&) = delete;
  Configuration configuration;
  Matcher matcher;
  Keying keying;
};

Selector selector(std::string_view source, std::string_view destination, IpProtocol protocol = IpProtocol::any,
                  PortRange source_port = {}, PortRange destination_port = {}) {
  return {*Prefix::parse(source), *Prefix::parse(destination), protocol, source_port, destination_port};
}

CoverQuery query(std::string_view local, std::string_view remote, IpProtocol protocol = IpProtocol::any,
                 PortRange local_port = {}, PortRange remote_port = {}) {
  return {address(local), address(remote), Mode::transport, selector(local, remote, protocol, local_port, remote_port)};
}

// The same policies seen from the other side.
Configuration mirrored(Configuration configuration) {
  for (auto& policy : configuration.policies) {
    std::swap(policy.filter.local, policy.filter.remote);
    if (!is_icmp(policy.filter.protocol)) std::swap(policy.filter.local_port, policy.filter.remote_port);
    if (policy.tunnel) std::swap(policy.tunnel->local, policy.tunnel->remote);
  }
  return configuration;
}

const auto any_port = PortRange::any();
const auto telnet = PortRange::one(23);
}  // namespace

TEST_CASE("policies of the same protection share a reqid; another transform, PFS, tunnel or exclusive does not") {
  Configuration configuration;
  add(configuration, {.remote = "10.1.0.1"}, Decision::secure);
  add(configuration, {.remote = "10.1.0.2", .protocol = IpProtocol::tcp}, Decision::secure);
  add(configuration, {.remote = "10.1.0.3"}, Decision::secure, "AH-SHA256");
  add(configuration, {.remote = "10.1.0.4"}, Decision::secure).pfs = Group::modp2048;
  add(configuration, {.remote = "10.1.0.5"}, Decision::secure).exclusive = true;
  add(configuration, {.remote = "10.1.0.6"}, Decision::secure).exclusive = true;
  add(configuration, {.remote = "10.1.0.7"}, Decision::secure).tunnel =
      TunnelEnds{address("192.0.2.1"), address("192.0.2.2")};
  add(configuration, {.remote = "10.1.0.8"}, Decision::secure).tunnel =
      TunnelEnds{address("192.0.2.1"), address("192.0.2.2")};
  add(configuration, {.remote = "10.1.0.9"}, Decision::secure, "ESP-AES128-HMAC-SHA256/600/0");
  add(configuration, {.remote = "10.1.0.10"}, Decision::pass);
  const Host host(configuration);
  const auto reqids = host.keying.reqids();
  CHECK(reqids[0] == reqids[1]);
  for (std::size_t a = 1; a < 9; ++a)
    for (std::size_t b = a + 1; b < 9; ++b) {
      INFO(a << " " << b);
      CHECK(reqids[a] != reqids[b]);
    }
  for (std::size_t n = 0; n < 9; ++n) CHECK(is_our_reqid(reqids[n]));
  CHECK(reqids[9] == 0);
}

TEST_CASE("a reqid depends on the protection alone, and a remembered one stays") {
  Configuration configuration;
  add(configuration, {.remote = "10.1.0.1"}, Decision::secure);
  add(configuration, {.remote = "10.1.0.2"}, Decision::secure, "AH-SHA256");
  const Host first(configuration);
  std::swap(configuration.policies[0].transforms, configuration.policies[1].transforms);
  const Host second(configuration);
  CHECK(first.keying.reqid_of(0) == second.keying.reqid_of(1));
  CHECK(first.keying.reqid_of(1) == second.keying.reqid_of(0));
  ReqidMap remembered = first.keying.reqid_map();
  std::uint32_t next = first_reqid + 5;
  for (auto& [text, reqid] : remembered) reqid = next++;
  const Host third(configuration, remembered);
  CHECK(third.keying.reqid_map() == remembered);
}

TEST_CASE("what is negotiated: the hosts, and the narrowest protocol and ports around the group's policies for them") {
  struct Row {
    std::string what;
    std::vector<FilterWords> policies;
    Selector expected;
  };
  const FilterWords to_telnet{.remote = "10.1.0.0/24", .protocol = IpProtocol::tcp, .remote_port = telnet};
  const FilterWords to_http{.remote = "10.1.0.2", .protocol = IpProtocol::tcp, .remote_port = PortRange::one(80)};
  const FilterWords elsewhere{.remote = "10.9.0.2", .protocol = IpProtocol::udp};
  const std::vector<Row> rows{
      {"one policy", {to_telnet}, selector("10.1.0.1", "10.1.0.2", IpProtocol::tcp, any_port, telnet)},
      {"two ports of one protocol", {to_telnet, to_http}, selector("10.1.0.1", "10.1.0.2", IpProtocol::tcp)},
      {"a policy for other hosts is no matter",
       {to_telnet, elsewhere},
       selector("10.1.0.1", "10.1.0.2", IpProtocol::tcp, any_port, telnet)},
      {"two protocols",
       {to_telnet, {.remote = "10.1.0.2", .protocol = IpProtocol::udp}},
       selector("10.1.0.1", "10.1.0.2")},
      {"a range",
       {{.remote = "10.1.0.2", .protocol = IpProtocol::tcp, .remote_port = {20, 30}}},
       selector("10.1.0.1", "10.1.0.2", IpProtocol::tcp)},
      {"everything", {{}}, selector("10.1.0.1", "10.1.0.2")},
  };
  for (const auto& row : rows) {
    Configuration configuration;
    for (const auto& words : row.policies) add(configuration, words, Decision::secure);
    const Host host(configuration);
    const auto protection = host.keying.protection_for(flow("10.1.0.1", 40000, "10.1.0.2", 23));
    INFO(row.what);
    REQUIRE(protection);
    CHECK(protection->selector == row.expected);
    CHECK(protection->local == address("10.1.0.1"));
    CHECK(protection->remote == address("10.1.0.2"));
    CHECK(protection->mode == Mode::transport);
    CHECK(protection->reqid == host.keying.reqid_of(protection->place - 1));
  }
}

TEST_CASE("exclusive: the packet's own five values; of ICMP the protocol") {
  Configuration configuration;
  add(configuration, {.remote = "10.1.0.2"}, Decision::secure).exclusive = true;
  const Host host(configuration);
  CHECK(host.keying.protection_for(flow("10.1.0.1", 40000, "10.1.0.2", 23))->selector ==
        selector("10.1.0.1", "10.1.0.2", IpProtocol::tcp, PortRange::one(40000), telnet));
  CHECK(host.keying.protection_for(flow("10.1.0.1", 8, "10.1.0.2", 0, IpProtocol::icmp))->selector ==
        selector("10.1.0.1", "10.1.0.2", IpProtocol::icmp));
}

TEST_CASE("a tunnel carries the policy's prefixes between its ends; any is all of the family") {
  Configuration configuration;
  add(configuration, {.remote = "10.2.0.0/16", .protocol = IpProtocol::udp}, Decision::secure).tunnel =
      TunnelEnds{address("fd00::1"), address("fd00::2")};
  const Host host(configuration);
  const auto protection = host.keying.protection_for(flow("10.1.0.1", 1, "10.2.0.2", 2, IpProtocol::udp));
  REQUIRE(protection);
  CHECK(protection->mode == Mode::tunnel);
  CHECK(protection->local == address("fd00::1"));
  CHECK(protection->remote == address("fd00::2"));
  CHECK(protection->selector == selector("0.0.0.0/0", "10.2.0.0/16", IpProtocol::udp));
}

TEST_CASE("no protection for what passes, for the default, and for multicast") {
  Configuration configuration;
  add(configuration, {.remote = "10.1.0.2"}, Decision::pass);
  add(configuration, {.remote = "224.0.0.0/4"}, Decision::secure);
  const Host host(configuration);
  CHECK(host.keying.protection_for(flow("10.1.0.1", 1, "10.1.0.2", 2)).error().code == ErrorCode::not_found);
  CHECK(host.keying.protection_for(flow("10.1.0.1", 1, "10.1.0.3", 2)).error().code == ErrorCode::not_found);
  CHECK(host.keying.protection_for(flow("10.1.0.1", 1, "224.0.0.5", 2)).error().code == ErrorCode::unsupported);
}

TEST_CASE("a proposal inside the group's selector is accepted as it is") {
  Configuration configuration;
  add(configuration, {.local = "10.1.0.1", .remote = "10.1.0.0/24", .protocol = IpProtocol::tcp, .local_port = telnet},
      Decision::secure);
  add(configuration, {.remote = "10.3.0.0/24"}, Decision::secure, "AH-SHA256");
  add(configuration, {.remote = "10.4.0.1", .protocol = IpProtocol::tcp, .remote_port = telnet}, Decision::pass);
  add(configuration, {.remote = "10.4.0.1", .protocol = IpProtocol::tcp}, Decision::secure);
  add(configuration, {.remote = "10.5.0.1", .protocol = IpProtocol::icmp, .local_port = PortRange::one(8)},
      Decision::secure);
  const Host host(configuration);
  struct Row {
    CoverQuery query;
    std::string policy;
  };
  const std::vector<Row> rows{
      {query("10.1.0.1", "10.1.0.9", IpProtocol::tcp, telnet), "p1"},
      {query("10.1.0.1", "10.1.0.9", IpProtocol::tcp, telnet, PortRange::one(40000)), "p1"},
      {query("10.1.0.1", "10.3.0.9"), "p2"},
      {query("10.1.0.1", "10.3.0.9", IpProtocol::udp, PortRange::one(5)), "p2"},
      {query("10.1.0.1", "10.4.0.1", IpProtocol::tcp), "p4"},
      {query("10.1.0.1", "10.5.0.1", IpProtocol::icmp), "p5"},
  };
  for (const auto& row : rows) {
    const auto answer = host.keying.cover(row.query);
    INFO(row.query.proposed.to_string() << (answer ? "" : ": " + answer.error().text));
    REQUIRE(answer);
    CHECK(answer->policy == row.policy);
    CHECK(answer->selector == row.query.proposed);
    CHECK(answer->reqid == host.keying.reqid_of(answer->place - 1));
  }
}

TEST_CASE("a refusal names the policy and the field that differs") {
  Configuration configuration;
  configuration.bypass = {address("192.168.9.1")};
  add(configuration, {.local = "10.1.0.1", .remote = "10.1.0.0/24", .protocol = IpProtocol::tcp, .local_port = telnet},
      Decision::secure);
  add(configuration, {.remote = "10.4.0.1", .protocol = IpProtocol::tcp, .remote_port = telnet}, Decision::pass);
  add(configuration, {.remote = "10.4.0.1", .protocol = IpProtocol::tcp}, Decision::secure);
  auto& tunnel = add(configuration, {.local = "10.6.0.0/24", .remote = "10.7.0.0/24"}, Decision::secure);
  tunnel.tunnel = TunnelEnds{address("192.0.2.1"), address("192.0.2.2")};
  const Host host(configuration);
  const auto in_tunnel = [](std::string_view local, std::string_view remote, std::string_view source,
                            std::string_view destination) {
    return CoverQuery{address(local), address(remote), Mode::tunnel, selector(source, destination)};
  };
  struct Row {
    CoverQuery query;
    ErrorCode code;
    std::string text;
  };
  const std::vector<Row> rows{
      {query("10.1.0.1", "10.1.0.9"), ErrorCode::refused,
       R"(policy "p1" differs in the protocol: it says tcp, the peer proposes any)"},
      {query("10.1.0.1", "10.1.0.9", IpProtocol::tcp), ErrorCode::refused,
       R"(policy "p1" differs in the local port: it says 23, the peer proposes any)"},
      {query("10.1.0.1", "10.1.0.9", IpProtocol::tcp, PortRange::one(80)), ErrorCode::refused,
       R"(no policy secures 10.1.0.1 port 80 -> 10.1.0.9 tcp in transport mode; policy "p1" differs in the local port: it says 23, the peer proposes 80)"},
      {query("10.1.0.1", "10.4.0.1", IpProtocol::tcp, any_port, telnet), ErrorCode::refused,
       R"(policy "p2" differs in the action: it says pass, the peer proposes to secure it)"},
      {query("10.1.0.1", "10.8.0.1"), ErrorCode::not_found,
       "no policy secures 10.1.0.1 -> 10.8.0.1 any in transport mode"},
      {query("10.6.0.1", "10.7.0.1"), ErrorCode::refused,
       R"(policy "p4" differs in the mode: it says tunnel, the peer proposes transport)"},
      {query("192.168.9.1", "10.1.0.9"), ErrorCode::refused, "192.168.9.1 is in the bypass list"},
      {in_tunnel("192.0.2.1", "192.0.2.3", "10.6.0.0/24", "10.7.0.0/24"), ErrorCode::refused,
       R"(policy "p4" differs in the remote end of the tunnel: it says 192.0.2.2, the peer proposes 192.0.2.3)"},
      {in_tunnel("192.0.2.1", "192.0.2.2", "10.6.0.0/23", "10.7.0.0/24"), ErrorCode::refused,
       R"(policy "p4" differs in the local address: it says 10.6.0.0/24, the peer proposes 10.6.0.0/23)"},
  };
  for (const auto& row : rows) {
    const auto answer = host.keying.cover(row.query);
    INFO(row.query.proposed.to_string());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().text == row.text);
    CHECK(answer.error().code == row.code);
  }
  CHECK(host.keying.cover(in_tunnel("192.0.2.1", "192.0.2.2", "10.6.0.0/25", "10.7.0.7")));
  CoverQuery strangers = query("10.1.0.1", "10.1.0.9");
  strangers.proposed.destination = *Prefix::parse("10.1.0.0/24");
  CHECK(host.keying.cover(strangers).error().code == ErrorCode::refused);
  strangers.proposed.destination = *Prefix::parse("fd00::/64");
  CHECK(host.keying.cover(strangers).error().code == ErrorCode::invalid_input);
}

TEST_CASE("of two groups that fit, the one with the offered transforms is taken") {
  Configuration configuration;
  const auto port = [](std::uint16_t number) {
    return FilterWords{.remote = "10.1.0.2", .protocol = IpProtocol::tcp, .remote_port = PortRange::one(number)};
  };
  add(configuration, port(23), Decision::secure, "AH-SHA256");
  add(configuration, port(80), Decision::secure, "ESP-AES256-GCM16");
  add(configuration, port(24), Decision::secure, "AH-SHA256");
  add(configuration, port(81), Decision::secure, "ESP-AES256-GCM16");
  const Host host(configuration);
  auto all_tcp = query("10.1.0.1", "10.1.0.2", IpProtocol::tcp);
  CHECK(host.keying.cover(all_tcp)->policy == "p1");
  all_tcp.offered = {*Transform::parse("ESP-AES256-GCM16")};
  CHECK(host.keying.cover(all_tcp)->policy == "p2");
}

TEST_CASE("groups that differ in PFS or in lifetimes only are told apart by what is offered") {
  Configuration configuration;
  const auto port = [](std::uint16_t number) {
    return FilterWords{.remote = "10.1.0.2", .protocol = IpProtocol::tcp, .remote_port = PortRange::one(number)};
  };
  constexpr auto hour = "ESP-AES128-HMAC-SHA256/3600/0";
  constexpr auto day = "ESP-AES128-HMAC-SHA256/86400/0";
  for (const std::uint16_t first : {std::uint16_t{20}, std::uint16_t{80}}) {
    add(configuration, port(first), Decision::secure, hour);
    add(configuration, port(first + 1), Decision::secure, day);
    add(configuration, port(first + 2), Decision::secure, day);
    configuration.policies.back().pfs = Group::modp2048;
  }
  const Host host(configuration);
  auto offer = query("10.1.0.1", "10.1.0.2", IpProtocol::tcp);
  offer.offered = {*Transform::parse(hour)};
  CHECK(host.keying.cover(offer)->policy == "p1");
  offer.offered = {*Transform::parse(day)};
  CHECK(host.keying.cover(offer)->policy == "p2");
  offer.pfs = Group::modp2048;
  CHECK(host.keying.cover(offer)->policy == "p3");
  // Neither group says this: the one with that PFS group.
  offer.offered = {*Transform::parse("ESP-AES128-HMAC-SHA256/7200/0")};
  CHECK(host.keying.cover(offer)->policy == "p3");
}

TEST_CASE("what one host proposes, the host with the mirrored policies accepts with the same protection") {
  std::size_t proposals = 0;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    RandomPolicies random(seed);
    auto configuration = random.configuration(1 + random.pick(20));
    configuration.bypass.clear();
    const Host here(configuration);
    const Host there(mirrored(configuration));
    for (int n = 0; n < 60; ++n) {
      const auto packet = random.packet();
      const auto proposed = here.keying.protection_for(packet);
      if (!proposed) continue;
      ++proposals;
      INFO("seed " << seed << ", " << packet.to_string() << ", " << proposed->selector.to_string());
      REQUIRE(proposed->selector.contains(packet.as_selector()));
      const auto accepted = there.keying.cover({proposed->remote, proposed->local, proposed->mode,
                                                proposed->selector.mirrored(), proposed->transforms, proposed->pfs});
      INFO((accepted ? "" : accepted.error().text));
      REQUIRE(accepted);
      CHECK(accepted->transforms == proposed->transforms);
      CHECK(accepted->pfs == proposed->pfs);
      CHECK(accepted->selector.mirrored() == proposed->selector);
      CHECK(accepted->local == proposed->remote);
      // And without knowing what is offered, something is accepted.
      CHECK(there.keying.cover({proposed->remote, proposed->local, proposed->mode, proposed->selector.mirrored()}));
    }
  }
  CHECK(proposals > 1000);
}
