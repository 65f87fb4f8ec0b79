// Crossings: both ends act at once, and the network loses, repeats and delays. Everything is seeded: a failing seed is
// printed and fails again.
#include <catch2/catch.hpp>

#include "support/restart.hpp"
#include "support/weather.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
// What can happen to a host at any time: traffic that wants SAs, a soft limit, an administrator.
void something_happens(TwoHosts& hosts, SeededRandom& random) {
  auto& host = random.u32() % 2 == 0 ? hosts.a : hosts.b;
  auto& peer = &host == &hosts.a ? hosts.b : hosts.a;
  const auto what = random.u32() % 10;
  if (what < 4) return host.engine.acquire(usual_protection(host, peer), hosts.network.now);
  if (what == 9) {
    host.engine.delete_peer(peer.address, hosts.network.now);
    return;
  }
  if (host.installed.empty()) return;
  auto sa = host.installed.begin();
  std::advance(sa, random.u32() % host.installed.size());
  host.engine.sa_expired(sa->first, false, hosts.network.now);
}

// No packet of ours meets a missing SA at the other end: every outbound SA is somebody's inbound one.
bool every_outbound_sa_is_received(const Host& sender, const Host& receiver) {
  for (const auto& [key, sa] : sender.installed)
    if (sa.direction == Direction::out && !receiver.sas.contains(key)) return false;
  return true;
}
// Pairs that both kernels hold whole, with the same keys.
std::size_t common_pairs(const TwoHosts& hosts) {
  std::size_t from_a = 0, from_b = 0;
  for (const auto& [key, keys] : hosts.a.sas) {
    const auto other = hosts.b.sas.find(key);
    if (other != hosts.b.sas.end() && other->second == keys) ++(key.source == hosts.a.address ? from_a : from_b);
  }
  return std::min(from_a, from_b);
}
}  // namespace

TEST_CASE("whatever crosses in bad weather, after it there is one pair, the same on both") {
  for (std::uint64_t seed = 1; seed <= seeds(600); ++seed) {
    CAPTURE(seed);
    TwoHosts hosts(seed);
    hosts.network.cheap_keys = true;
    SeededRandom random(seed * 7919);
    let_it_blow(hosts.network, random, {20, 20, 1500});
    for (int event = 0; event < 12; ++event) {
      something_happens(hosts, random);
      hosts.network.advance(Duration(random.u32() % 4000));
    }
    hosts.network.wire = nullptr;
    hosts.network.advance(seconds(130));  // what is under way ends
    // Traffic again, and the kernel's limits in their turn, as they would come.
    hosts.start();
    hosts.network.advance(seconds(40));
    for (const auto& [key, sa] : std::map(hosts.a.sas)) hosts.a.engine.sa_expired(key, false, hosts.network.now);
    hosts.network.advance(seconds(40));
    CHECK(every_outbound_sa_is_received(hosts.a, hosts.b));
    CHECK(every_outbound_sa_is_received(hosts.b, hosts.a));
    CHECK(hosts.connected());
    CHECK(hosts.a.sas.size() == 2);
  }
}

TEST_CASE(
    "daemons that are started again, and peers that are deleted, end in one pair too when the weather is better") {
  std::size_t restarts = 0;
  std::size_t told = 0;
  for (std::uint64_t seed = 1; seed <= seeds(300); ++seed) {
    CAPTURE(seed);
    TwoHosts hosts(seed);
    hosts.network.cheap_keys = true;
    SeededRandom random(seed * 6700417);
    let_it_blow(hosts.network, random, {15, 15, 800});
    hosts.start();
    for (int event = 0; event < 14; ++event) {
      hosts.network.advance(Duration(random.u32() % 4000));
      auto& host = random.u32() % 2 == 0 ? hosts.a : hosts.b;
      auto& peer = &host == &hosts.a ? hosts.b : hosts.a;
      if (random.u32() % 3 != 0)
        something_happens(hosts, random);
      else if (restart_daemon(host, peer, usual_isakmp_policy(), hosts.network.now) && ++restarts % 2 == 0)
        host.engine.delete_peer(peer.address, hosts.network.now);
    }
    hosts.network.wire = nullptr;
    hosts.network.advance(seconds(130));
    for (const auto& [key, sa] : std::map(hosts.a.sas)) hosts.a.engine.sa_expired(key, false, hosts.network.now);
    hosts.start();
    hosts.network.advance(seconds(80));
    CHECK(every_outbound_sa_is_received(hosts.a, hosts.b));
    CHECK(every_outbound_sa_is_received(hosts.b, hosts.a));
    CHECK(hosts.connected());
    CHECK(hosts.a.sas.size() == 2);
    for (const auto* host : {&hosts.a, &hosts.b})
      for (const auto& farewell : host->farewells) told += farewell.told ? 1 : 0;
  }
  CHECK(restarts > 0);
  CHECK(told > 0);
}

TEST_CASE("in good weather a host that has SAs never sends into a void, whatever crosses") {
  for (std::uint64_t seed = 1; seed <= seeds(600); ++seed) {
    CAPTURE(seed);
    TwoHosts hosts(seed);
    hosts.network.cheap_keys = true;
    SeededRandom random(seed * 104729);
    let_it_blow(hosts.network, random, {0, 0, 40});
    hosts.start();
    hosts.network.advance(seconds(3));
    REQUIRE(hosts.connected());
    hosts.network.after_each_step = [&] {
      CHECK(hosts.a.sas.size() >= 2);
      CHECK(hosts.b.sas.size() >= 2);
    };
    for (int event = 0; event < 8; ++event) {
      auto& host = random.u32() % 2 == 0 ? hosts.a : hosts.b;
      for (const auto& [key, sa] : std::map(host.sas)) host.engine.sa_expired(key, false, hosts.network.now);
      hosts.network.advance(Duration(random.u32() % 120));
    }
    hosts.network.advance(seconds(45));
    CHECK(hosts.connected());
    CHECK(hosts.a.sas.size() == 2);
  }
}

TEST_CASE("of three and more pairs that cross there is one in common at every step, and exactly one at the end") {
  std::size_t most = 0;
  for (std::uint64_t seed = 1; seed <= seeds(400); ++seed) {
    CAPTURE(seed);
    TwoHosts hosts(seed);
    hosts.network.cheap_keys = true;
    SeededRandom random(seed * 15485863);
    let_it_blow(hosts.network, random, {0, 0, 60});
    hosts.start();
    hosts.network.advance(seconds(3));
    REQUIRE(hosts.connected());
    bool always = true;
    hosts.network.after_each_step = [&] {
      always = always && common_pairs(hosts) >= 1;
      most = std::max(most, common_pairs(hosts));
    };
    for (int event = 0; event < 8; ++event) {
      auto& host = random.u32() % 2 == 0 ? hosts.a : hosts.b;
      for (const auto& [key, sa] : std::map(host.sas)) host.engine.sa_expired(key, false, hosts.network.now);
      hosts.network.advance(Duration(random.u32() % 60));
    }
    hosts.network.advance(seconds(45));
    CHECK(always);
    CHECK(common_pairs(hosts) == 1);
    CHECK(hosts.a.sas.size() == 2);
    CHECK(hosts.b.sas.size() == 2);
  }
  CHECK(most >= 4);  // the old one and three new ones
}
