#include <algorithm>
#include <catch2/catch.hpp>

#include "kernel_state.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
std::vector<std::string> words(const std::vector<CompiledPolicy>& entries, EntryRole role = EntryRole::policy) {
  std::vector<std::string> all;
  for (const auto& entry : entries)
    if (entry.role == role) all.push_back(entry.spec.key().to_string());
  return all;
}
std::uint32_t priority_of(const std::vector<CompiledPolicy>& entries, std::uint32_t place) {
  for (const auto& entry : entries)
    if (entry.place == place) return entry.spec.priority;
  return 0;
}
}  // namespace

TEST_CASE("a policy stands in both directions, mirrored, with the templates of its first transform") {
  Configuration configuration;
  add(configuration,
      {.local = "10.1.0.1", .remote = "10.1.0.0/24", .protocol = IpProtocol::tcp, .local_port = PortRange::one(23)},
      Decision::secure, "AH-SHA256+ESP-AES128");
  const auto entries = compiled(configuration);
  CHECK(words(entries) ==
        std::vector<std::string>{"out 10.1.0.1 port 23 -> 10.1.0.0/24 tcp", "in 10.1.0.0/24 -> 10.1.0.1 tcp 23"});
  for (const auto& entry : entries) {
    if (entry.role != EntryRole::policy) continue;
    REQUIRE(entry.spec.templates.size() == 2);
    CHECK(entry.spec.templates[0] == Template{SaProtocol::esp, Mode::transport, 0x49500001, std::nullopt, false});
    CHECK(entry.spec.templates[1] == Template{SaProtocol::ah, Mode::transport, 0x49500001, std::nullopt, false});
    CHECK(check(entry.spec));
  }
}

TEST_CASE("both families for any to any; ranges as blocks of one priority; ICMP types keep their side") {
  Configuration configuration;
  add(configuration, {.protocol = IpProtocol::tcp, .remote_port = {1022, 1025}});
  add(configuration, {.protocol = IpProtocol::icmp, .local_port = PortRange::one(8)}, Decision::discard);
  const auto entries = compiled(configuration);
  CHECK(words(entries) ==
        std::vector<std::string>{"out 0.0.0.0/0 -> 0.0.0.0/0 icmp type 8", "in 0.0.0.0/0 -> 0.0.0.0/0 icmp type 8",
                                 "out 0.0.0.0/0 -> 0.0.0.0/0 tcp 1022/fffe", "out 0.0.0.0/0 -> 0.0.0.0/0 tcp 1024/fffe",
                                 "out ::/0 -> ::/0 tcp 1022/fffe", "out ::/0 -> ::/0 tcp 1024/fffe",
                                 "in 0.0.0.0/0 port 1022/fffe -> 0.0.0.0/0 tcp",
                                 "in 0.0.0.0/0 port 1024/fffe -> 0.0.0.0/0 tcp", "in ::/0 port 1022/fffe -> ::/0 tcp",
                                 "in ::/0 port 1024/fffe -> ::/0 tcp"});
  for (const auto& entry : entries)
    if (entry.place == 1) CHECK(entry.spec.priority == priority_of(entries, 1));
}

TEST_CASE("neighbour discovery and the bypass list come first, the default last, in all directions and families") {
  Configuration configuration;
  configuration.default_action = Decision::discard;
  configuration.bypass = {address("192.168.9.1")};
  const auto entries = compiled(configuration);
  CHECK(words(entries, EntryRole::system).size() == 10);
  CHECK(words(entries, EntryRole::system).front() == "out ::/0 -> ::/0 icmpv6 type 133");
  CHECK(words(entries, EntryRole::bypass) ==
        std::vector<std::string>{"out 192.168.9.1 -> 0.0.0.0/0 any", "in 0.0.0.0/0 -> 192.168.9.1 any"});
  CHECK(words(entries, EntryRole::fallback).size() == 6);
  CHECK(entries.back().spec.action == PolicyAction::block);
  CHECK(entries.back().spec.priority == 0xf0000000);
}

TEST_CASE("a tunnel has its ends in the templates, the other way round inbound, and stands in forward too") {
  Configuration configuration;
  configuration.default_action = Decision::discard;
  auto& policy = add(configuration, {.local = "10.1.0.0/16", .remote = "fd00:2::/64"}, Decision::pass);
  policy.filter = filter({.local = "10.1.0.0/16", .remote = "10.2.0.0/16"});
  policy.action = Decision::secure;
  policy.transforms = {*Transform::parse("AH-SHA256+ESP-AES128")};
  policy.tunnel = TunnelEnds{address("fd00::1"), address("fd00::2")};  // IPv4 in IPv6
  const auto entries = compiled(configuration);
  CHECK(words(entries) == std::vector<std::string>{"out 10.1.0.0/16 -> 10.2.0.0/16 any",
                                                   "in 10.2.0.0/16 -> 10.1.0.0/16 any",
                                                   "forward 10.2.0.0/16 -> 10.1.0.0/16 any"});
  CHECK(words(entries, EntryRole::tunnel_exit) == std::vector<std::string>{"forward 10.1.0.0/16 -> 10.2.0.0/16 any"});
  for (const auto& entry : entries) {
    if (entry.role != EntryRole::policy) continue;
    const bool out = entry.spec.direction == PolicyDirection::out;
    const auto& ends = entry.spec.templates.at(0).endpoints;
    REQUIRE(ends);
    CHECK(ends->source == address(out ? "fd00::1" : "fd00::2"));
    CHECK(entry.spec.templates.at(0).mode == Mode::tunnel);
    CHECK(entry.spec.templates.at(1).mode == Mode::transport);
    CHECK(check(entry.spec));
  }
}

TEST_CASE("an entry whose selector a better policy has is left out") {
  Configuration configuration;
  add(configuration, {.remote = "10.0.0.1"}, Decision::discard);
  add(configuration, {.remote = "10.0.0.1"}, Decision::pass);
  add(configuration, {});
  const auto entries = compiled(configuration);
  CHECK(priority_of(entries, 1) != 0);
  CHECK(priority_of(entries, 2) == 0);
  CHECK(words(entries, EntryRole::fallback) ==
        std::vector<std::string>{"forward 0.0.0.0/0 -> 0.0.0.0/0 any", "forward ::/0 -> ::/0 any"});
}

TEST_CASE("priorities follow the classes: five exact fields first, then four, ..., then ordered") {
  Configuration configuration;
  add(configuration, {.remote = "10.0.0.0/8"});
  add(configuration, {.remote = "10.0.0.1"});
  add(configuration, {.local = "10.1.0.1",
                      .remote = "10.1.0.2",
                      .protocol = IpProtocol::tcp,
                      .local_port = PortRange::one(1),
                      .remote_port = PortRange::one(2)});
  const auto entries = compiled(configuration);
  CHECK(priority_of(entries, 3) == 0x10001000);
  CHECK(priority_of(entries, 2) == 0x50001000);
  CHECK(priority_of(entries, 1) == 0x60001000);
  CHECK(std::is_sorted(entries.begin(), entries.end(),
                       [](const auto& a, const auto& b) { return a.spec.priority < b.spec.priority; }));
}

TEST_CASE("thresholds are chosen for what is in use") {
  struct Row {
    std::string what;
    std::vector<FilterWords> filters;
    HashThreshold ipv4;
  };
  const std::vector<Row> rows{
      {"nothing", {}, {32, 32}},
      {"hosts", {{.local = "10.0.0.1", .remote = "10.0.0.2"}, {.local = "10.0.0.1", .remote = "10.0.0.3"}}, {32, 32}},
      {"any local address", {{.remote = "10.0.0.2"}, {.remote = "10.0.0.3"}}, {0, 32}},
      {"nets",
       {{.local = "10.0.0.1", .remote = "10.1.0.0/24"}, {.local = "10.0.0.1", .remote = "10.2.0.0/24"}},
       {32, 24}},
      {"both ways",
       {{.local = "10.0.0.1", .remote = "10.1.0.0/24"}, {.local = "10.3.0.0/24", .remote = "10.0.0.2"}},
       {24, 24}},
      {"wildcards cannot be helped", {{}, {.protocol = IpProtocol::tcp}}, {32, 32}},
  };
  for (const auto& row : rows) {
    Configuration configuration;
    for (const auto& each : row.filters) add(configuration, each);
    INFO(row.what);
    CHECK(choose_thresholds(configuration).ipv4 == row.ipv4);
  }
}
