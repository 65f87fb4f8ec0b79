// Two hosts meet again when one of them has forgotten everything, in either direction and within seconds.
#include <catch2/catch.hpp>

#include "support/insider.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
// The engine forgets all, and the kernel of its host too: a reboot.
void reboot(Host& host) {
  ike::EngineSnapshot::reset(host.engine, host.random, host);
  host.engine.configure({usual_isakmp_policy()});
  host.sas.clear();
  host.installed.clear();
}

struct LongConnected : TwoHosts {
  LongConnected() {
    start();
    network.advance(seconds(5));
    REQUIRE(connected());
  }
  std::vector<ike::TrafficSample> unanswered(std::uint64_t packets) const {
    std::vector<ike::TrafficSample> samples;
    for (const auto& [key, sa] : a.installed) samples.push_back({key, sa.direction == Direction::in ? 0 : packets});
    return samples;
  }
};
}  // namespace

TEST_CASE("a rebooted host that sends is met at once, and its peer keeps nothing of before") {
  LongConnected hosts;
  const auto old = hosts.a.sas;
  reboot(hosts.b);
  hosts.b.engine.acquire(usual_protection(hosts.b, hosts.a), hosts.network.now);
  hosts.network.advance(seconds(1));
  CHECK(hosts.connected());
  CHECK(hosts.a.sas.size() == 2);
  for (const auto& [key, keys] : old) CHECK_FALSE(hosts.a.sas.contains(key));
}

TEST_CASE("a host that sends to a rebooted one finds out by its first question, and negotiates anew") {
  LongConnected hosts;
  reboot(hosts.b);
  hosts.a.engine.traffic(hosts.unanswered(1), hosts.network.now);
  hosts.network.advance(seconds(1));
  CHECK(hosts.b.sas.size() == 2);
  for (const auto& [key, keys] : hosts.b.sas) CHECK(hosts.a.sas.contains(key));
  hosts.network.advance(seconds(30));  // the old pair and the old ISAKMP SA go
  CHECK(hosts.connected());
  CHECK(hosts.a.engine.isakmp_sas(hosts.network.now).size() == 1);
}

TEST_CASE("a Quick Mode that meets a rebooted host goes on with a new ISAKMP SA") {
  LongConnected hosts;
  reboot(hosts.b);
  for (const auto& [key, sa] : std::map(hosts.a.sas)) hosts.a.engine.sa_expired(key, false, hosts.network.now);
  hosts.network.advance(seconds(10));
  CHECK(hosts.connected());
}

TEST_CASE("INVALID-COOKIE that anybody may send takes nothing away, and is heeded once in a while only") {
  LongConnected hosts;
  const auto sas = hosts.a.sas;
  wire::Header header;
  header.cookies = ike::EngineSnapshot::session(hosts.a.engine)->cookies;
  header.exchange = wire::ExchangeType::informational;
  hosts.network.wire = [](std::size_t, const ike::Datagram&) { return std::vector<std::pair<Duration, Bytes>>{}; };
  hosts.network.sent.clear();
  for (unsigned i = 0; i < 50; ++i) {
    header.message_id = i + 1;
    const auto forged = wire::encode_message(
        header, {wire::Notification{1, wire::protocol::isakmp, wire::notify::invalid_cookie, {}, {}}});
    hosts.a.engine.receive({{hosts.a.address, 500}, {hosts.b.address, 500}, forged}, hosts.network.now);
  }
  hosts.network.settle();
  CHECK(hosts.network.sent.size() == 1);  // one new Main Mode
  CHECK(hosts.a.sas == sas);
  CHECK(hosts.a.engine.isakmp_sas(hosts.network.now).size() == 1);
}

TEST_CASE("INVALID-COOKIE cannot drive a host from one new ISAKMP SA to the next") {
  LongConnected hosts;
  unsigned first_messages = 0;
  hosts.network.sent.clear();
  for (unsigned i = 0; i < 20; ++i) {  // each for the newest ISAKMP SA, within 10 s
    wire::Header header;
    header.cookies = ike::EngineSnapshot::newest_session(hosts.a.engine)->cookies;
    header.exchange = wire::ExchangeType::informational;
    header.message_id = i + 1;
    const auto forged = wire::encode_message(
        header, {wire::Notification{1, wire::protocol::isakmp, wire::notify::invalid_cookie, {}, {}}});
    hosts.a.engine.receive({{hosts.a.address, 500}, {hosts.b.address, 500}, forged}, hosts.network.now);
    hosts.network.advance(Duration(400));
  }
  for (const auto& datagram : hosts.network.sent)
    if (wire::decode_header(datagram.bytes)->cookies.responder == wire::Cookie{}) ++first_messages;
  CHECK(first_messages == 1);
  CHECK(hosts.a.engine.isakmp_sas(hosts.network.now).size() >= 1);
}

TEST_CASE("INVALID-SPI from an authenticated peer replaces the pair that it does not know") {
  LongConnected hosts;
  const auto old = hosts.a.sas;
  Bytes spi;
  for (const auto& [key, sa] : hosts.a.installed)
    if (sa.direction == Direction::out) spi = Writer().u32(static_cast<std::uint32_t>(key.spi)).take();
  const auto message =
      Insider(hosts.b).hashed(wire::ExchangeType::informational, 77,
                              {wire::Notification{1, wire::protocol::esp, wire::notify::invalid_spi, spi, {}}});
  hosts.a.engine.receive({{hosts.a.address, 500}, {hosts.b.address, 500}, message}, hosts.network.now);
  hosts.network.advance(seconds(3));
  CHECK(hosts.connected());
  for (const auto& [key, keys] : old) CHECK_FALSE(hosts.a.sas.contains(key));
}

TEST_CASE("INITIAL-CONTACT counts inside a proven Main Mode only") {
  LongConnected hosts;
  const auto sas = hosts.a.sas;
  // In clear, with the cookies of the ISAKMP SA.
  wire::Header header;
  header.cookies = ike::EngineSnapshot::session(hosts.a.engine)->cookies;
  header.exchange = wire::ExchangeType::informational;
  header.message_id = 5;
  const auto forged = wire::encode_message(
      header, {wire::Notification{1, wire::protocol::isakmp, wire::notify::initial_contact, {}, {}}});
  hosts.a.engine.receive({{hosts.a.address, 500}, {hosts.b.address, 500}, forged}, hosts.network.now);
  // A whole Main Mode by somebody with the peer's address and another key.
  reboot(hosts.b);
  hosts.b.keys[hosts.a.address] = "not the key";
  hosts.b.engine.acquire(usual_protection(hosts.b, hosts.a), hosts.network.now);
  hosts.network.advance(seconds(40));
  CHECK(hosts.a.sas == sas);
}
