// The table of rules of selection (DESIGN, section 4).
#include <catch2/catch.hpp>

#include "policies.hpp"
#include "policy/matcher.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

TEST_CASE("exact fields are counted on the filter as it is written") {
  struct Row {
    FilterWords filter;
    unsigned exact;
    PolicyKind kind;
  };
  const std::vector<Row> rows{
      {{}, 0, PolicyKind::ordered},
      {{.local = "0.0.0.0/0"}, 0, PolicyKind::ordered},
      {{.local = "10.1.0.1"}, 1, PolicyKind::hashed},
      {{.local = "10.1.0.1/32", .remote = "0.0.0.0/0"}, 1, PolicyKind::hashed},
      {{.remote = "fd00::1"}, 1, PolicyKind::hashed},
      {{.protocol = IpProtocol::tcp}, 1, PolicyKind::hashed},
      {{.protocol = IpProtocol::tcp, .remote_port = PortRange::one(23)}, 2, PolicyKind::hashed},
      {{.local = "10.1.0.1",
        .remote = "10.1.0.2",
        .protocol = IpProtocol::tcp,
        .local_port = PortRange::one(23),
        .remote_port = PortRange::one(1)},
       5,
       PolicyKind::hashed},
      {{.local = "10.1.0.1", .remote = "10.1.0.0/24", .protocol = IpProtocol::tcp, .local_port = PortRange::one(23)},
       3,
       PolicyKind::ordered},
      {{.local = "10.1.0.1", .protocol = IpProtocol::tcp, .remote_port = {1024, 65535}}, 2, PolicyKind::ordered},
      {{.remote = "10.0.0.0/8"}, 0, PolicyKind::ordered},
      {{.protocol = IpProtocol::icmp, .local_port = PortRange::one(8)}, 2, PolicyKind::hashed},
      {{.protocol = IpProtocol::icmp, .local_port = PortRange::one(3), .remote_port = PortRange::one(1)},
       3,
       PolicyKind::hashed},
      {{.protocol = IpProtocol::tcp, .remote_port = {23, 23}}, 2, PolicyKind::hashed},
  };
  for (const auto& row : rows) {
    INFO(filter(row.filter).to_string());
    CHECK(exact_fields(filter(row.filter)) == row.exact);
    CHECK(kind_of(filter(row.filter)) == row.kind);
  }
}

TEST_CASE("selection: hashed by most exact fields, ties by file order, then ordered by file order, then the default") {
  const FilterWords wide{};
  const FilterWords subnet{.remote = "10.2.0.0/16"};
  const FilterWords subnet_telnet{
      .local = "10.1.0.1", .remote = "10.2.0.0/16", .protocol = IpProtocol::tcp, .remote_port = PortRange::one(23)};
  const FilterWords tcp{.protocol = IpProtocol::tcp};
  const FilterWords telnet{.protocol = IpProtocol::tcp, .remote_port = PortRange::one(23)};
  const FilterWords from_23{.protocol = IpProtocol::tcp, .local_port = PortRange::one(23)};
  const FilterWords host{.remote = "10.2.0.2"};
  const FilterWords pair{.local = "10.1.0.1", .remote = "10.2.0.2"};
  const FilterWords other{.remote = "10.9.9.9"};
  const FilterWords high{.protocol = IpProtocol::tcp, .remote_port = {1, 1024}};
  struct Row {
    std::string what;
    std::vector<FilterWords> policies;
    unsigned winner;  // place; 0: the default
  };
  const std::vector<Row> rows{
      {"no policy", {}, 0},
      {"no policy matches", {other}, 0},
      {"an ordered policy never beats a hashed one, however narrow and early", {subnet_telnet, tcp}, 2},
      {"most exact fields", {tcp, telnet}, 2},
      {"most exact fields, the other way round", {telnet, tcp}, 1},
      {"a tie goes to the earlier", {telnet, pair}, 1},
      {"a tie goes to the earlier, the other way round", {pair, telnet}, 1},
      {"one exact field against one", {tcp, host}, 1},
      {"a hashed policy that does not match is no matter", {other, from_23, subnet}, 3},
      {"the first ordered policy, though a later one is narrower", {wide, subnet_telnet}, 1},
      {"ordered by file order", {subnet_telnet, wide}, 1},
      {"a range is partial", {high, subnet}, 1},
      {"a range makes it ordered, so one exact field beats it", {high, tcp}, 2},
      {"all wildcards are ordered", {wide, tcp}, 2},
  };
  const auto telnet_flow = flow("10.1.0.1", 40000, "10.2.0.2", 23);
  for (const auto& row : rows) {
    Configuration configuration;
    for (const auto& words : row.policies) add(configuration, words);
    const Matcher matcher(configuration);
    INFO(row.what);
    CHECK(matcher.match(telnet_flow, Direction::out).place() == row.winner);
    // Mirrored: the answer to it, coming in.
    CHECK(matcher.match(flow("10.2.0.2", 23, "10.1.0.1", 40000), Direction::in).place() == row.winner);
  }
}
