// SA pairs that are deleted when there is no ISAKMP SA under which to tell the peer.
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
  }
  ike::Engine::Deleted delete_peer() { return a.engine.delete_peer(b.address, network.now); }
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
  CHECK(deleted.telling == 2);
  CHECK(deleted.untold == 0);
  hosts.network.settle();
  CHECK(hosts.a.sas.empty());  // nobody waits for the peer with that
  hosts.network.advance(seconds(5));
  CHECK(hosts.nothing_left());
  REQUIRE(hosts.a.farewells.size() == 1);
  CHECK(hosts.a.farewells[0].remote == hosts.b.address);
  CHECK(hosts.a.farewells[0].told == 2);
  CHECK(hosts.a.farewells[0].untold == 0);
  CHECK(hosts.a.has_audit("delete-sent"));
  CHECK_FALSE(hosts.a.has_audit("delete-untold"));
}

TEST_CASE("a peer that does not answer is not told, and that is said in the end") {
  Restarted hosts;
  hosts.network.wire = [](std::size_t, const ike::Datagram&) { return std::vector<std::pair<Duration, Bytes>>{}; };
  CHECK(hosts.delete_peer().telling == 2);
  hosts.network.advance(seconds(1));
  CHECK(hosts.a.sas.empty());
  CHECK(hosts.a.farewells.empty());
  const auto again = hosts.delete_peer();  // the administrator does not believe it
  CHECK(again.ipsec_sas == 0);
  CHECK(again.telling == 2);
  hosts.network.advance(seconds(120));
  REQUIRE(hosts.a.farewells.size() == 1);
  CHECK(hosts.a.farewells[0].told == 0);
  CHECK(hosts.a.farewells[0].untold == 2);
  CHECK(hosts.a.audit_text("delete-untold").find("10.1.0.2 was not told that 2 IPSec SAs") != std::string::npos);
  CHECK(hosts.a.failures.size() == 1);
  CHECK(hosts.a.engine.counters().pairs == 0);
}

TEST_CASE("who needs the peer while it is being told gets a new pair under the same ISAKMP SA") {
  Restarted hosts;
  const auto old = hosts.b.sas;
  CHECK(hosts.delete_peer().telling == 2);
  hosts.start();
  hosts.network.advance(seconds(10));
  CHECK(hosts.connected());
  CHECK(hosts.a.sas.size() == 2);
  for (const auto& [key, keys] : old) CHECK_FALSE(hosts.b.sas.contains(key));
  CHECK(hosts.a.engine.isakmp_sas(hosts.network.now).size() == 1);
  CHECK(hosts.a.has_audit("delete-sent"));
}

TEST_CASE("where no ISAKMP SA can be begun the peer is not told, and that is said at once") {
  Restarted hosts;
  SECTION("for want of an ISAKMP policy") { hosts.a.engine.configure({}); }
  SECTION("for want of a key") { hosts.a.keys.clear(); }
  const auto deleted = hosts.delete_peer();
  CHECK(deleted.ipsec_sas == 2);
  CHECK(deleted.telling == 0);
  CHECK(deleted.untold == 2);
  hosts.network.settle();
  CHECK(hosts.a.sas.empty());
  CHECK(hosts.a.audit_text("sa-deleted").find("the peer was not told: no ISAKMP SA") != std::string::npos);
  CHECK(hosts.a.failures.size() == 1);
}
