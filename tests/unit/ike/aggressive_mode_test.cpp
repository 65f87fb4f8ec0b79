#include "ike/aggressive_mode.hpp"

#include <catch2/catch.hpp>

#include "support/ike_network.hpp"

using namespace ipsec9000;
using namespace ipsec9000::ike;
using namespace ipsec9000::test;

namespace {
using Arrivals = std::vector<std::pair<Duration, Bytes>>;

IsakmpPolicy aggressive_policy() {
  auto policy = usual_isakmp_policy();
  policy.aggressive = true;
  return policy;
}

struct Aggressive : TwoHosts {
  explicit Aggressive(std::uint64_t seed = 1, Limits limits = {}) : TwoHosts(seed, limits) {
    a.engine.configure({aggressive_policy()});
    b.engine.configure({aggressive_policy()});
  }
};

std::vector<Datagram> aggressive_conversation() {
  Aggressive hosts;
  hosts.start();
  hosts.network.settle();
  return hosts.network.sent;
}

std::size_t sent_by(const Network& network, const Host& host) {
  return static_cast<std::size_t>(std::count_if(network.sent.begin(), network.sent.end(), [&](const auto& datagram) {
    return datagram.local.address == host.address;
  }));
}
}  // namespace

TEST_CASE("Aggressive Mode takes three messages, and Quick Mode follows") {
  Aggressive hosts;
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.connected());
  CHECK(hosts.network.sent.size() == 6);
  const auto first = wire::decode_header(hosts.network.sent[0].bytes);
  CHECK(first->exchange == wire::ExchangeType::aggressive);
  CHECK(wire::decode_header(hosts.network.sent[2].bytes)->encrypted());
  CHECK(hosts.a.engine.isakmp_sas(hosts.network.now).size() == 1);
  CHECK(hosts.b.engine.isakmp_sas(hosts.network.now).size() == 1);
  for (const auto* host : {&hosts.a, &hosts.b}) {
    CHECK(host->has_audit("am-started"));
    CHECK(host->has_audit("am-complete"));
  }
  CHECK(hosts.network.sent[1].bytes.size() <= 2 * hosts.network.sent[0].bytes.size());
}

TEST_CASE("who has not been told to does not answer Aggressive Mode, and still takes Main Mode when told to") {
  Aggressive hosts;
  SECTION("off is off") {
    hosts.b.engine.configure({usual_isakmp_policy()});
    hosts.start();
    hosts.network.advance(seconds(40));
    CHECK(hosts.b.engine.counters().negotiating == 0);
    for (const auto& sent : hosts.network.sent)
      CHECK((sent.local.address == hosts.a.address || sent.bytes.size() <= hosts.network.sent[0].bytes.size()));
    for (const auto* host : {&hosts.a, &hosts.b}) {
      CAPTURE(host->name);
      REQUIRE(host->failures.size() == 1);
      CHECK(host->failures[0].phase == "aggressive");
      CHECK(host->failures[0].differs == "exchange");
      CHECK(host->failures[0].offered == "aggressive");
      CHECK(host->failures[0].wanted == "main");
    }
    CHECK(hosts.b.failures[0].policy == "peer");
    CHECK(hosts.a.failures[0].text.starts_with("AM negotiation timeout with the peer 10.1.0.2"));
    CHECK(hosts.a.has_audit("am-timeout"));
    for (const auto& record : hosts.a.records) CHECK_FALSE(record.event.starts_with("mm-"));
  }
  SECTION("a peer that refuses Main Mode: the record says what it wants instead") {
    hosts.a.engine.configure({usual_isakmp_policy()});
    hosts.network.wire = [&](std::size_t, const Datagram& sent) {
      const auto header = *wire::decode_header(sent.bytes);
      Arrivals arrivals;
      if (sent.local.address == hosts.a.address && header.exchange == wire::ExchangeType::main_mode) {
        wire::Header refusal;
        refusal.cookies = header.cookies;
        refusal.exchange = wire::ExchangeType::informational;
        refusal.message_id = 77;
        const auto message = wire::encode_message(
            refusal, {wire::Notification{1, wire::protocol::isakmp, wire::notify::invalid_exchange_type, {}, {}}});
        hosts.a.engine.receive({sent.local, sent.remote, message}, hosts.network.now);
      }
      return arrivals;
    };
    hosts.start();
    hosts.network.advance(seconds(40));
    REQUIRE(hosts.a.failures.size() == 1);
    CHECK(hosts.a.failures[0].reason == "invalid-exchange-type");
    CHECK(hosts.a.failures[0].differs == "exchange");
    CHECK(hosts.a.failures[0].offered == "main");
    CHECK(hosts.a.failures[0].wanted == "aggressive");
  }
  SECTION("Main Mode is never refused") {
    hosts.a.engine.configure({usual_isakmp_policy()});
    hosts.start();
    hosts.network.settle();
    CHECK(hosts.connected());
  }
}

TEST_CASE("different keys: the initiator says so at once, and tells the peer nothing") {
  Aggressive hosts;
  hosts.a.keys[hosts.b.address] = "another key";
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.a.sas.empty());
  REQUIRE_FALSE(hosts.a.failures.empty());
  CHECK(hosts.a.failures[0].differs == "pre-shared key");
  CHECK(hosts.a.failures[0].phase == "aggressive");
  hosts.network.advance(seconds(40));
  CHECK(hosts.b.engine.counters().negotiating == 0);
}

TEST_CASE("an identity that is not expected is refused before anything is computed") {
  Aggressive hosts;
  auto policy = aggressive_policy();
  policy.remote_id = Identity::of(*IpAddress::parse("10.9.9.9"));
  hosts.b.engine.configure({policy});
  hosts.start();
  hosts.network.settle();
  REQUIRE_FALSE(hosts.b.failures.empty());
  CHECK(hosts.b.failures[0].differs == "identity");
  CHECK(hosts.b.engine.counters().negotiating == 0);
}

TEST_CASE("only proposals of the first one's group are offered") {
  Aggressive hosts;
  auto policy = aggressive_policy();
  policy.proposals = {*IkeProposal::parse("AES256-SHA512-CURVE25519"), *IkeProposal::parse("AES128-SHA256-ECP256"),
                      *IkeProposal::parse("AES128-SHA256-CURVE25519")};
  hosts.a.engine.configure({policy});
  SECTION("the second of its group is taken") {
    hosts.start();
    hosts.network.settle();
    CHECK(hosts.connected());
    CHECK(hosts.a.engine.isakmp_sas(hosts.network.now)[0].encryption == "AES128-CBC");
  }
  SECTION("one of another group is not") {
    policy.proposals = {policy.proposals[1]};
    hosts.b.engine.configure({policy});
    hosts.start();
    hosts.network.settle();
    CHECK_FALSE(hosts.connected());
    REQUIRE_FALSE(hosts.b.failures.empty());
    CHECK(hosts.b.failures[0].reason == "no-proposal-chosen");
  }
}

TEST_CASE("each message of Aggressive Mode may be lost once, or come twice") {
  const auto victim = static_cast<std::size_t>(GENERATE(range(0, 6)));
  const bool lost = GENERATE(true, false);
  Aggressive hosts;
  hosts.network.wire = [&](std::size_t number, const Datagram& sent) -> Arrivals {
    if (number != victim) return {{Duration(5), sent.bytes}};
    if (lost) return {};
    return {{Duration(5), sent.bytes}, {Duration(7), sent.bytes}};
  };
  hosts.start();
  hosts.network.advance(seconds(30));
  CAPTURE(victim, lost);
  CHECK(hosts.connected());
  CHECK(hosts.b.engine.isakmp_sas(hosts.network.now).size() == 1);
}

TEST_CASE("a changed byte in Aggressive Mode never makes a wrong SA, and the next packet starts again") {
  const auto victim = GENERATE(range(0, 3));
  const auto original = aggressive_conversation()[static_cast<std::size_t>(victim)].bytes;
  for (std::size_t at = 0; at < original.size(); at += 3) {
    CAPTURE(victim, at);
    Aggressive hosts;
    hosts.network.wire = [&](std::size_t number, const Datagram& sent) {
      Arrivals arrivals;
      if (number == static_cast<std::size_t>(victim) && at < sent.bytes.size()) {
        auto changed = sent.bytes;
        changed[at] ^= 0x41;
        arrivals.emplace_back(Duration(1), std::move(changed));
      }
      arrivals.emplace_back(Duration(5), sent.bytes);
      return arrivals;
    };
    hosts.start();
    hosts.network.advance(seconds(70));
    hosts.start();
    hosts.network.advance(seconds(70));
    REQUIRE(hosts.connected());
  }
}

TEST_CASE("a flood of first messages is answered at a bounded rate, and not with more than twice what came") {
  Aggressive hosts;
  const auto first = aggressive_conversation()[0].bytes;
  for (std::uint32_t i = 0; i < 500; ++i) {
    auto message = first;
    message[0] = static_cast<std::uint8_t>(1 + i % 200);
    message[1] = static_cast<std::uint8_t>(i / 200);
    const Endpoint from{hosts.a.address, static_cast<std::uint16_t>(1000 + i)};
    hosts.b.engine.receive({{hosts.b.address, 500}, from, message}, hosts.network.now);
    hosts.network.carry_out(hosts.b);
  }
  CHECK(sent_by(hosts.network, hosts.b) == Limits{}.aggressive_per_second);
  for (const auto& sent : hosts.network.sent) CHECK(sent.bytes.size() <= 2 * first.size());
}

TEST_CASE("Aggressive Mode finds address translation too") {
  TwoHosts hosts;
  const auto outside = *IpAddress::parse("192.0.2.1");
  hosts.network.nat.emplace("192.0.2.1", std::vector{hosts.a.address});
  hosts.b.keys[outside] = hosts.b.keys[hosts.a.address];
  auto policy = aggressive_policy();
  hosts.a.engine.configure({policy});
  policy.remote_id = Identity::of(hosts.a.address);
  hosts.b.engine.configure({policy});
  hosts.start();
  hosts.network.settle();
  REQUIRE(hosts.connected_through_nat());
  CHECK(hosts.network.sent[2].local.port == 4500);
  CHECK(hosts.a.audit_text("nat-found").find("on our side") != std::string::npos);
  CHECK(hosts.b.audit_text("nat-found").find("the peer's") != std::string::npos);
  for (const auto& [key, sa] : hosts.b.installed) CHECK(sa.udp);
}

TEST_CASE("the answer of Aggressive Mode may come in fragments") {
  Limits limits;
  limits.unfragmented = 160;
  Aggressive hosts(1, limits);
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.connected());
  CHECK(wire::decode_header(hosts.network.sent[1].bytes)->next_payload == wire::PayloadType::fragment);
}
