// max_quick_modes: how many Quick Modes an ISAKMP SA serves, and what carries Deletes and probes when it has had them.
#include <catch2/catch.hpp>

#include "support/ike_network.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
struct Limited : TwoHosts {
  Limited(std::uint32_t of_a, std::uint32_t of_b) {
    auto policy = usual_isakmp_policy();
    policy.max_quick_modes = of_a;
    a.engine.configure({policy});
    policy.max_quick_modes = of_b;
    b.engine.configure({policy});
    network.after_each_step = [this] { most = std::max(most, a.engine.isakmp_sas(network.now).size()); };
  }
  void ask(const Host& from, std::uint16_t port) {
    auto& host = &from == &a ? a : b;
    auto protection = usual_protection(host, &host == &a ? b : a);
    protection.selector.protocol = IpProtocol::tcp;
    protection.selector.destination_port = PortRange::one(port);
    host.engine.acquire(protection, network.now);
  }
  std::size_t main_modes() const {
    return static_cast<std::size_t>(std::count_if(a.records.begin(), a.records.end(),
                                                  [](const auto& record) { return record.event == "mm-complete"; }));
  }
  std::size_t isakmp_sas(const Host& host) const { return host.engine.isakmp_sas(network.now).size(); }

  std::size_t most = 0;  // ISAKMP SAs of a at once
};
}  // namespace

TEST_CASE("Quick Modes that are wanted at once get an ISAKMP SA each, when there is to be one for each") {
  Limited hosts(1, 1);
  for (std::uint16_t port = 1; port <= 4; ++port) hosts.ask(hosts.a, port);
  hosts.network.advance(seconds(10));
  CHECK(hosts.connected());
  CHECK(hosts.a.sas.size() == 8);
  CHECK(hosts.main_modes() == 4);
  CHECK(hosts.isakmp_sas(hosts.a) == 1);
  CHECK(hosts.isakmp_sas(hosts.b) == 1);
}

TEST_CASE("an ISAKMP SA that has had its Quick Modes stays for Deletes, and the next Quick Mode brings the next one") {
  const auto limit = GENERATE(1u, 2u, 3u);
  Limited hosts(limit, limit);
  for (std::uint16_t port = 1; port <= 6; ++port) {
    hosts.ask(port % 2 == 0 ? hosts.a : hosts.b, port);
    hosts.network.advance(seconds(5));
    CHECK(hosts.connected());
    CHECK(hosts.isakmp_sas(hosts.a) == 1);
  }
  CHECK(hosts.main_modes() == 6 / limit);
  CHECK(hosts.most <= 2);
  SECTION("Deletes by the administrator reach the peer") {
    const auto deleted = hosts.a.engine.delete_peer(hosts.b.address, hosts.network.now);
    CHECK(deleted.ipsec_sas == 12);
    hosts.network.settle();
    CHECK(hosts.b.sas.empty());
    CHECK(hosts.isakmp_sas(hosts.b) == 0);
  }
  SECTION("a pair that is gone here is gone there") {
    hosts.b.engine.sa_expired(hosts.b.sas.begin()->first, true, hosts.network.now);
    hosts.network.settle();
    CHECK(hosts.connected());
    CHECK(hosts.a.sas.size() == 10);
  }
  SECTION("a stop leaves nothing at the peer") {
    hosts.a.engine.shutdown(hosts.network.now);
    hosts.network.settle();
    CHECK(hosts.b.sas.empty());
    CHECK(hosts.isakmp_sas(hosts.b) == 0);
  }
}

TEST_CASE("a peer is asked whether it lives although its ISAKMP SA has had its Quick Modes") {
  Limited hosts(1, 1);
  hosts.ask(hosts.a, 1);
  hosts.network.advance(seconds(5));
  const auto unanswered = [&](std::uint64_t packets) {
    std::vector<ike::TrafficSample> samples;
    for (const auto& [key, sa] : hosts.a.installed)
      samples.push_back({key, sa.direction == Direction::in ? 0 : packets});
    return samples;
  };
  hosts.network.sent.clear();
  hosts.a.engine.traffic(unanswered(1), hosts.network.now);
  hosts.network.advance(seconds(5));
  CHECK(hosts.network.sent.size() == 2);  // R-U-THERE and its answer, no negotiation
  CHECK(hosts.main_modes() == 1);
  hosts.network.wire = [](std::size_t, const ike::Datagram&) { return std::vector<std::pair<Duration, Bytes>>{}; };
  hosts.a.engine.traffic(unanswered(2), hosts.network.now);
  hosts.network.advance(seconds(15));
  CHECK(hosts.a.has_audit("peer-dead"));
  CHECK(hosts.a.sas.empty());
}

TEST_CASE("a peer without the limit goes on with an ISAKMP SA that has had its Quick Modes, and is given another one") {
  Limited hosts(100, 1);
  for (std::uint16_t port = 1; port <= 5; ++port) {
    hosts.ask(hosts.a, port);
    hosts.network.advance(seconds(5));
    CHECK(hosts.connected());
    CHECK(hosts.a.sas.size() == 2u * port);
    CHECK(hosts.isakmp_sas(hosts.a) == 1);
    CHECK(hosts.isakmp_sas(hosts.b) == 1);
  }
  CHECK(hosts.main_modes() >= 3);
}

TEST_CASE("SAs with a limit of one Quick Mode are renewed for hours, and neither kind of SA piles up") {
  Limited hosts(1, 1);
  hosts.ask(hosts.a, 1);
  hosts.network.advance(seconds(5));
  hosts.network.after_each_step = [&] {
    CHECK(hosts.a.sas.size() >= 2);
    CHECK(hosts.isakmp_sas(hosts.a) <= 3);
  };
  for (int i = 0; i < 30; ++i) {
    for (auto* host : {&hosts.a, &hosts.b})  // both ends at once
      for (const auto& [key, sa] : std::map(host->sas)) host->engine.sa_expired(key, false, hosts.network.now);
    hosts.network.advance(seconds(600));
    CHECK(hosts.connected());
    CHECK(hosts.a.sas.size() == 2);
    CHECK(hosts.isakmp_sas(hosts.a) == 1);
  }
}
