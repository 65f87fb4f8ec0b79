// SA pairs that are deleted when there is no ISAKMP SA under which to tell the peer.
#include <algorithm>
#include <catch2/catch.hpp>

#include "support/restart.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
// Connected, then ikpmd on `a` is another one, which has found the SAs in the kernel.
struct Restarted : TwoHosts {
  explicit Restarted(bool aggressive = false) {
    policy.aggressive = aggressive;
    for (auto* host : {&a, &b}) host->engine.configure({policy});
    start();
    network.advance(seconds(5));
    REQUIRE(connected());
    REQUIRE(restart_daemon(a, b, policy, network.now));
    a.engine.trace(true);
  }
  ike::Engine::Deleted delete_peer() { return a.engine.delete_peer(b.address, network.now); }
  std::size_t deletes_sent() const {
    return static_cast<std::size_t>(std::count_if(a.traced.begin(), a.traced.end(), [](const auto& message) {
      return message.sent && message.comment.find("Informational: HASH, D") != std::string::npos;
    }));
  }
  bool nothing_left() const {
    return a.sas.empty() && b.sas.empty() && a.engine.isakmp_sas(network.now).empty() &&
           b.engine.isakmp_sas(network.now).empty();
  }
  IsakmpPolicy policy = usual_isakmp_policy();
};
}  // namespace

TEST_CASE("of adopted SAs the peer is told under an ISAKMP SA that is negotiated for it and not kept") {
  const bool aggressive = GENERATE(false, true);
  CAPTURE(aggressive);
  Restarted hosts(aggressive);
  const auto deleted = hosts.delete_peer();
  CHECK(deleted.isakmp_sas == 0);
  CHECK(deleted.ipsec_sas == 2);
  CHECK(deleted.being_told() == 2);
  CHECK(deleted.untold == 0);
  hosts.network.settle();
  CHECK(hosts.a.sas.empty());  // nobody waits for the peer with that
  hosts.network.advance(seconds(5));
  CHECK(hosts.nothing_left());
  REQUIRE(hosts.a.farewells.size() == 1);
  CHECK(hosts.a.farewells[0].farewell == deleted.telling.begin()->first);
  CHECK(hosts.a.farewells[0].told);
  // INITIAL-CONTACT tells the same to those who heed it.
  CHECK(hosts.deletes_sent() == 2);  // of the pair, and of the ISAKMP SA
  CHECK(hosts.a.has_audit("delete-sent"));
  CHECK_FALSE(hosts.a.has_audit("delete-untold"));
}

TEST_CASE("a peer that does not answer is not told, and that is said in the end") {
  Restarted hosts;
  hosts.network.wire = [](std::size_t, const ike::Datagram&) { return std::vector<std::pair<Duration, Bytes>>{}; };
  CHECK(hosts.delete_peer().being_told() == 2);
  hosts.network.advance(seconds(1));
  CHECK(hosts.a.sas.empty());
  CHECK(hosts.a.farewells.empty());
  const auto again = hosts.delete_peer();  // the administrator does not believe it
  CHECK(again.ipsec_sas == 0);
  CHECK(again.being_told() == 2);
  hosts.network.advance(seconds(120));
  REQUIRE(hosts.a.farewells.size() == 1);
  CHECK_FALSE(hosts.a.farewells[0].told);
  CHECK(hosts.a.audit_text("delete-untold").find("10.1.0.2 was not told that 2 IPSec SAs") != std::string::npos);
  CHECK(hosts.a.failures.size() == 1);
  CHECK(hosts.a.engine.counters().pairs == 0);
}

TEST_CASE("who needs the peer while it is being told gets a new pair under the same ISAKMP SA") {
  Restarted hosts;
  const auto old = hosts.b.sas;
  CHECK(hosts.delete_peer().being_told() == 2);
  hosts.start();
  hosts.network.advance(seconds(10));
  CHECK(hosts.connected());
  CHECK(hosts.a.sas.size() == 2);
  for (const auto& [key, keys] : old) CHECK_FALSE(hosts.b.sas.contains(key));
  CHECK(hosts.a.engine.isakmp_sas(hosts.network.now).size() == 1);
  CHECK(hosts.a.has_audit("delete-sent"));
}

TEST_CASE("the last message of Aggressive Mode may be lost, and the peer is told all the same") {
  Restarted hosts(true);
  bool lost = false;
  hosts.network.wire = [&](std::size_t, const ike::Datagram& sent) {
    std::vector<std::pair<Duration, Bytes>> arrivals{{Duration(5), sent.bytes}};
    const bool third = sent.local.address == hosts.a.address && hosts.network.sent.size() >= 3 &&
                       hosts.network.sent[hosts.network.sent.size() - 2].local.address == hosts.b.address;
    if (third && !std::exchange(lost, true)) arrivals.clear();
    return arrivals;
  };
  hosts.delete_peer();
  hosts.network.advance(seconds(10));
  REQUIRE(lost);
  CHECK(hosts.b.sas.empty());
  CHECK(hosts.deletes_sent() == 2);
}

TEST_CASE("the peer's own negotiation serves as well, and goes on after that") {
  Restarted hosts;
  // What we begin is lost; what the peer begins is not.
  hosts.network.wire = [&](std::size_t, const ike::Datagram& sent) {
    std::vector<std::pair<Duration, Bytes>> arrivals{{Duration(5), sent.bytes}};
    const Bytes responder(sent.bytes.begin() + 8, sent.bytes.begin() + 16);
    if (sent.local.address == hosts.a.address && responder == Bytes(8)) arrivals.clear();
    return arrivals;
  };
  CHECK(hosts.delete_peer().being_told() == 2);
  hosts.network.advance(seconds(1));
  ike::EngineSnapshot::reset(hosts.b.engine, hosts.b.random, hosts.b);
  hosts.b.engine.configure({hosts.policy});
  hosts.b.sas.clear();
  hosts.b.installed.clear();
  hosts.b.engine.acquire(usual_protection(hosts.b, hosts.a), hosts.network.now);
  hosts.network.advance(seconds(10));
  REQUIRE(hosts.a.farewells.size() == 1);
  CHECK(hosts.a.farewells[0].told);
  CHECK(hosts.connected());
  CHECK(hosts.a.sas.size() == 2);
}

TEST_CASE("a second deletion takes back what was to come after the first one") {
  Restarted hosts;
  CHECK(hosts.delete_peer().being_told() == 2);
  hosts.start();
  CHECK(hosts.delete_peer().being_told() == 2);
  hosts.network.advance(seconds(10));
  CHECK(hosts.a.in_vain.size() == 1);
  CHECK(hosts.nothing_left());
}

TEST_CASE("a daemon that ends says that it could not tell") {
  Restarted hosts;
  hosts.network.wire = [](std::size_t, const ike::Datagram&) { return std::vector<std::pair<Duration, Bytes>>{}; };
  CHECK(hosts.delete_peer().being_told() == 2);
  hosts.a.engine.give_up_farewells(hosts.network.now);
  hosts.network.settle();
  REQUIRE(hosts.a.farewells.size() == 1);
  CHECK_FALSE(hosts.a.farewells[0].told);
  CHECK(hosts.a.has_audit("delete-untold"));
}

TEST_CASE("where no ISAKMP SA can be begun the peer is not told, and that is said at once") {
  Restarted hosts;
  SECTION("for want of an ISAKMP policy") { hosts.a.engine.configure({}); }
  SECTION("for want of a key") { hosts.a.keys.clear(); }
  const auto deleted = hosts.delete_peer();
  CHECK(deleted.ipsec_sas == 2);
  CHECK(deleted.telling.empty());
  CHECK(deleted.untold == 2);
  hosts.network.settle();
  CHECK(hosts.a.sas.empty());
  CHECK(hosts.a.has_audit("delete-untold"));
  CHECK(hosts.a.failures.size() == 1);
}
