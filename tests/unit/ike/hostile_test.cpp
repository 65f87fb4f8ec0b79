#include <catch2/catch.hpp>

#include "support/ike_network.hpp"
#include "support/primes.hpp"
#include "wire/message.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
// Everything two hosts say while they connect.
std::vector<ike::Datagram> conversation() {
  TwoHosts hosts;
  hosts.start();
  hosts.network.settle();
  return hosts.network.sent;
}

using Arrivals = std::vector<std::pair<Duration, Bytes>>;
}  // namespace

TEST_CASE("each message, cut at every length in front of the real one, changes nothing") {
  const auto victim = GENERATE(range(0, 9));
  const auto step = victim < 4 ? 1u : 7u;
  TwoHosts hosts;
  hosts.network.wire = [&](std::size_t number, const ike::Datagram& sent) {
    Arrivals arrivals;
    if (number == static_cast<std::size_t>(victim))
      for (std::size_t length = 0; length < sent.bytes.size(); length += step)
        arrivals.emplace_back(Duration(1),
                              Bytes(sent.bytes.begin(), sent.bytes.begin() + static_cast<std::ptrdiff_t>(length)));
    arrivals.emplace_back(hosts.network.latency, sent.bytes);
    return arrivals;
  };
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.connected());
  CHECK(hosts.network.sent.size() <= 9);
  CHECK((hosts.a.has_audit("bad-packet") || hosts.b.has_audit("bad-packet")));
}

TEST_CASE("each message with its length mended after a cut changes nothing") {
  const auto victim = GENERATE(range(0, 9));
  TwoHosts hosts;
  hosts.network.wire = [&](std::size_t number, const ike::Datagram& sent) {
    Arrivals arrivals;
    if (number == static_cast<std::size_t>(victim)) {
      for (std::size_t length = wire::header_size; length < sent.bytes.size(); length += 3) {
        Writer mended;
        mended.bytes(ByteView(sent.bytes).first(length)).patch_u32(24, static_cast<std::uint32_t>(length));
        arrivals.emplace_back(Duration(1), mended.take());
      }
    }
    arrivals.emplace_back(hosts.network.latency, sent.bytes);
    return arrivals;
  };
  hosts.start();
  hosts.network.advance(seconds(20));
  CHECK(hosts.connected());
}

TEST_CASE("each byte of each message flipped in front of the real one: never a wrong SA, never stuck") {
  const auto victim = GENERATE(range(0, 9));
  const auto original = conversation()[static_cast<std::size_t>(victim)].bytes;
  for (std::size_t at = 0; at<original.size(); at += original.size()> 150 ? 5 : 1) {
    CAPTURE(victim, at);
    TwoHosts hosts;
    hosts.network.wire = [&](std::size_t number, const ike::Datagram& sent) {
      Arrivals arrivals;
      if (number == static_cast<std::size_t>(victim) && at < sent.bytes.size()) {
        auto changed = sent.bytes;
        changed[at] ^= 0x41;
        arrivals.emplace_back(Duration(1), std::move(changed));
      }
      arrivals.emplace_back(hosts.network.latency, sent.bytes);
      return arrivals;
    };
    hosts.start();
    hosts.network.advance(seconds(70));
    hosts.start();  // what a changed clear message broke, the next packet starts again
    hosts.network.advance(seconds(70));
    REQUIRE(hosts.connected());
  }
}

TEST_CASE("messages of another conversation are dropped with a record") {
  TwoHosts hosts;
  hosts.start();
  hosts.network.settle();
  const auto sas = hosts.b.sas;
  for (const auto& old : conversation()) {
    auto foreign = old.bytes;
    foreign[3] ^= 0xff;  // other cookies
    foreign[11] ^= 0xff;
    hosts.b.engine.receive({{hosts.b.address, 500}, {hosts.a.address, 500}, foreign}, hosts.network.now);
  }
  hosts.network.settle();
  CHECK(hosts.b.sas == sas);
  CHECK(hosts.b.has_audit("unexpected-message"));
}

TEST_CASE("an old conversation played back gets repeated answers at most, and no SA") {
  TwoHosts hosts;
  hosts.start();
  hosts.network.settle();
  const auto old = hosts.network.sent;
  const auto sas = hosts.a.sas;
  hosts.network.advance(seconds(120));
  const auto before = hosts.network.sent.size();
  for (const auto& datagram : old) {
    auto& receiver = datagram.remote.address == hosts.a.address ? hosts.a : hosts.b;
    receiver.engine.receive({datagram.remote, datagram.local, datagram.bytes}, hosts.network.now);
  }
  hosts.network.advance(seconds(40));
  CHECK(hosts.a.sas == sas);
  CHECK(hosts.b.sas == sas);
  CHECK(hosts.network.sent.size() - before <= old.size());
}

TEST_CASE("a peer with other cookies, versions, exchange types or message ids is answered with silence") {
  TwoHosts hosts;
  hosts.start();
  hosts.network.carry_out(hosts.a);
  const auto first = hosts.network.sent[0].bytes;
  const auto [at, value] = GENERATE(table<std::size_t, int>({{17, 0x20},
                                                             {17, 0x00},
                                                             {18, 1},
                                                             {18, 3},
                                                             {18, 4},
                                                             {18, 99},
                                                             {19, 1},
                                                             {16, 99},
                                                             {16, 0},
                                                             {20, 1},
                                                             {23, 1},
                                                             {28, 99}}));
  auto changed = first;
  changed[at] = static_cast<std::uint8_t>(value);
  hosts.b.engine.receive({{hosts.b.address, 500}, {hosts.a.address, 500}, changed}, hosts.network.now);
  std::size_t records = 0;
  for (auto& action : hosts.b.engine.take_actions()) {
    CHECK_FALSE(std::holds_alternative<ike::SendDatagram>(action));
    records += std::holds_alternative<ike::WriteAudit>(action) ? 1 : 0;
  }
  CHECK(records == 1);
  CHECK(hosts.b.engine.counters().negotiating == 0);
}

TEST_CASE("a flood of garbage makes a bounded number of records") {
  TwoHosts hosts;
  std::size_t records = 0;
  for (int i = 0; i < 100'000; ++i) {
    hosts.b.engine.receive({{hosts.b.address, 500}, {hosts.a.address, 500}, Bytes(40, static_cast<std::uint8_t>(i))},
                           hosts.network.now);
    records += hosts.b.engine.take_actions().size();
  }
  CHECK(records <= 50);
}

TEST_CASE("public values that reveal the secret are refused before any work") {
  const auto group = GENERATE(Group::modp2048, Group::ecp256);
  const auto kind = GENERATE(as<std::string>{}, "zero", "one", "p-1", "p", "short");
  if (group == Group::ecp256 && kind != "zero" && kind != "short") return;
  TwoHosts hosts;
  auto policy = usual_isakmp_policy();
  policy.proposals = {{Encryption::aes128_cbc, HashAlgorithm::sha256, group}};
  hosts.a.engine.configure({policy});
  hosts.b.engine.configure({policy});
  hosts.network.wire = [&](std::size_t number, const ike::Datagram& sent) {
    if (number != 2) return Arrivals{{hosts.network.latency, sent.bytes}};
    auto header = *wire::decode_header(sent.bytes);
    auto chain = *wire::decode_chain(header.next_payload, ByteView(sent.bytes).subspan(wire::header_size));
    Bytes value(info(group).public_bytes, 0);
    if (kind == "one") value.back() = 1;
    if (kind == "short") value.pop_back();
    if (kind == "p" || kind == "p-1") {
      value = modp2048_prime();
      if (kind == "p-1") value.back() = 0xfe;
    }
    auto evil = wire::encode_message(header, {wire::KeyExchange{value}, *chain.only<wire::Nonce>()});
    return Arrivals{{Duration(1), evil}, {hosts.network.latency, sent.bytes}};
  };
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.b.has_audit("bad-packet"));
  CHECK(hosts.connected());  // the honest message that followed was heard
}

TEST_CASE("nonces of 8 to 256 bytes are accepted, others refused") {
  const auto [length, good] =
      GENERATE(table<std::size_t, bool>({{0, false}, {7, false}, {8, true}, {256, true}, {257, false}, {2000, false}}));
  TwoHosts hosts;
  hosts.network.wire = [&hosts, length = length](std::size_t number, const ike::Datagram& sent) {
    if (number != 2) return Arrivals{{hosts.network.latency, sent.bytes}};
    auto header = *wire::decode_header(sent.bytes);
    auto chain = *wire::decode_chain(header.next_payload, ByteView(sent.bytes).subspan(wire::header_size));
    return Arrivals{{hosts.network.latency,
                     wire::encode_message(header, {*chain.only<wire::KeyExchange>(), wire::Nonce{Bytes(length, 7)}})}};
  };
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.b.has_audit("bad-packet") != good);
}
