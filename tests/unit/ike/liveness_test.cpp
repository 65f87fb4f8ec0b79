#include <catch2/catch.hpp>

#include "support/insider.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
// What a's kernel would count after `in` packets came and `out` packets went.
std::vector<ike::TrafficSample> counted(const Host& host, std::uint64_t in, std::uint64_t out) {
  std::vector<ike::TrafficSample> samples;
  for (const auto& [key, sa] : host.installed) samples.push_back({key, sa.direction == Direction::in ? in : out});
  return samples;
}

struct Connected : TwoHosts {
  Connected() {
    start();
    network.settle();
    network.sent.clear();
  }
  void drop_everything() {
    network.wire = [](std::size_t, const ike::Datagram&) { return std::vector<std::pair<Duration, Bytes>>{}; };
  }
};
}  // namespace

TEST_CASE("a peer that answers packets is not asked whether it lives") {
  Connected hosts;
  for (std::uint64_t i = 1; i < 10; ++i) {
    hosts.a.engine.traffic(counted(hosts.a, i, i), hosts.network.now);
    hosts.network.advance(seconds(5));
  }
  CHECK(hosts.network.sent.empty());
}

TEST_CASE("a peer that is sent nothing is not asked either") {
  Connected hosts;
  for (int i = 0; i < 10; ++i) {
    hosts.a.engine.traffic(counted(hosts.a, 7, 7), hosts.network.now);
    hosts.network.advance(seconds(5));
  }
  CHECK(hosts.network.sent.size() <= 2);  // the first count cannot know better
}

TEST_CASE("a living peer that only receives says so, and keeps its SAs") {
  Connected hosts;
  for (std::uint64_t i = 1; i < 20; ++i) {
    hosts.a.engine.traffic(counted(hosts.a, 0, i), hosts.network.now);
    hosts.network.advance(seconds(5));
  }
  CHECK(hosts.network.sent.size() == 38);  // one question and one answer each time
  CHECK(hosts.connected());
  CHECK_FALSE(hosts.a.has_audit("peer-dead"));
}

TEST_CASE("a dead peer is found within 30 seconds, its SAs go, and the next packet negotiates anew") {
  Connected hosts;
  hosts.drop_everything();
  hosts.network.advance(seconds(5));
  hosts.a.engine.traffic(counted(hosts.a, 0, 1), hosts.network.now);
  hosts.network.advance(seconds(15));
  CHECK(hosts.network.sent.size() == 5);
  CHECK(hosts.a.has_audit("peer-dead"));
  CHECK(hosts.a.sas.empty());
  CHECK(hosts.a.engine.isakmp_sas(hosts.network.now).empty());
  hosts.network.wire = nullptr;
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.connected());  // INITIAL-CONTACT made the other end forget the old pair
}

TEST_CASE("a dead peer without an ISAKMP SA is found by the negotiation that fails") {
  Connected hosts;
  const Insider insider(hosts.b);
  const auto end =
      insider.hashed(wire::ExchangeType::informational, 7,
                     {wire::Deletion{1, wire::protocol::isakmp, 16, {ike::cookie_spi(insider.cookies())}}});
  hosts.a.engine.receive({{hosts.a.address, 500}, {hosts.b.address, 500}, end}, hosts.network.now);
  hosts.network.advance(seconds(5));
  REQUIRE(hosts.a.engine.isakmp_sas(hosts.network.now).empty());
  hosts.network.wire = [](std::size_t, const ike::Datagram&) { return std::vector<std::pair<Duration, Bytes>>{}; };
  hosts.a.engine.traffic(counted(hosts.a, 0, 1), hosts.network.now);
  hosts.network.advance(seconds(35));
  CHECK(hosts.a.has_audit("mm-timeout"));
  CHECK(hosts.a.sas.empty());
}

TEST_CASE("an answer that comes after the peer was given up revives nothing") {
  Connected hosts;
  const auto old = hosts.a.sas;
  hosts.drop_everything();
  hosts.a.engine.traffic(counted(hosts.a, 0, 1), hosts.network.now);
  hosts.network.advance(seconds(1));
  REQUIRE(hosts.network.sent.size() == 1);
  const auto question = hosts.network.sent[0];
  hosts.network.advance(seconds(20));  // given up
  CHECK(hosts.a.has_audit("peer-dead"));
  // The old question, played back to b, is answered; a has nothing left that the answer could
  // revive, says that it does not know the ISAKMP SA, and the two meet again by a new one.
  hosts.network.wire = nullptr;
  hosts.b.engine.receive({question.remote, question.local, question.bytes}, hosts.network.now);
  hosts.network.settle();
  for (const auto& [key, keys] : old) CHECK_FALSE(hosts.a.sas.contains(key));
}
