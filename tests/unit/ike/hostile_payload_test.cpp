// Payloads and attributes that are wrong in length, value, order or number, from somebody who has proved nothing yet
// and from a peer that has. Nothing is made by them, and the next honest message finds everything as it was.
#include <catch2/catch.hpp>

#include "crypto/random.hpp"
#include "support/evil.hpp"
#include "support/insider.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
const std::vector<Evil> quick_mode_changes{
    {"an SPI of 3 bytes", [](Payloads& p) { sa(p).proposals[0].spi.resize(3); }},
    {"an SPI of 16 bytes", [](Payloads& p) { sa(p).proposals[0].spi.resize(16); }},
    {"an SPI of 255 bytes", [](Payloads& p) { sa(p).proposals[0].spi.resize(255); }},
    {"a payload of an unknown type", unknown_payload},
    {"a payload of an unknown type in front of the SA",
     [](Payloads& p) {
       p.insert(p.begin(), wire::Unknown{99, Bytes(8)});
     }},
    {"no SPI", [](Payloads& p) { sa(p).proposals[0].spi.clear(); }},
    {"one protocol twice with one number",
     [](Payloads& p) {
       auto& proposals = sa(p).proposals;
       proposals.push_back(proposals[0]);
     }},
    {"ESP and an unknown protocol together",
     [](Payloads& p) {
       auto& proposals = sa(p).proposals;
       proposals.push_back(proposals[0]);
       proposals.back().protocol = 4;
     }},
    {"an unknown mode", [](Payloads& p) { set_attribute(p, 4, 99); }},
    {"an unknown authentication", [](Payloads& p) { set_attribute(p, 5, 99); }},
    {"a key length of no cipher", [](Payloads& p) { set_attribute(p, 6, 129); }},
    {"an unknown group", [](Payloads& p) { transform(p).attributes.push_back(wire::Attribute::of(3, 999)); }},
    {"a group without KE", [](Payloads& p) { transform(p).attributes.push_back(wire::Attribute::of(3, 14)); }},
    {"KE without a group", [](Payloads& p) { p.push_back(wire::KeyExchange{Bytes(256, 5)}); }},
    {"one identity", [](Payloads& p) { p.pop_back(); }},
    {"three identities", [](Payloads& p) { p.push_back(p.back()); }},
    {"an unknown kind of identity", [](Payloads& p) { the<wire::Identification>(p).id_type = 99; }},
    {"a name as identity", [](Payloads& p) { the<wire::Identification>(p).id_type = 2; }},
    {"an address of 3 bytes", [](Payloads& p) { the<wire::Identification>(p).value.resize(3); }},
    {"an address of 400 bytes", [](Payloads& p) { the<wire::Identification>(p).value.resize(400); }},
    {"an IPv6 address as IPv4", [](Payloads& p) { the<wire::Identification>(p).id_type = 5; }},
    {"a reversed range",
     [](Payloads& p) {
       the<wire::Identification>(p) = {7, 0, 0, {10, 0, 0, 9, 10, 0, 0, 1}};
     }},
    {"a mask with holes",
     [](Payloads& p) {
       the<wire::Identification>(p) = {4, 0, 0, {10, 0, 0, 0, 255, 0, 255, 0}};
     }},
};

// Public values for a KE payload with MODP2048 offered.
const std::vector<Evil> key_changes = [] {
  std::vector<Evil> changes;
  for (const auto& [what, bytes] : evil_public_values())
    changes.push_back({what, [value = bytes](Payloads& p) {
                         transform(p).attributes.push_back(wire::Attribute::of(3, 14));
                         p.push_back(wire::KeyExchange{value});
                       }});
  return changes;
}();

Payloads main_mode_offer() {
  return {ike::offer_phase1(usual_isakmp_policy(), wire::oakley::method_pre_shared_key), wire::VendorId{Bytes(200)}};
}

Payloads quick_mode_offer(const Host& from, const Host& to) {
  const auto address = [](const Host& host) {
    const auto identity = Identity::of(host.address);
    return wire::Identification{static_cast<std::uint8_t>(identity.type), 0, 0, identity.value};
  };
  return {ike::offer_phase2(usual_protection(from, to), {std::nullopt, Spi{0x10203040}}), wire::Nonce{Bytes(16, 9)},
          address(from), address(to)};
}
}  // namespace

TEST_CASE("a Main Mode offer with something wrong in it starts nothing") {
  wire::Header header;
  header.cookies.initiator = wire::Cookie{0x1234};
  header.exchange = wire::ExchangeType::main_mode;
  {
    TwoHosts hosts;  // the offer itself is good
    const auto good = wire::encode_message(header, main_mode_offer());
    hosts.b.engine.receive({{hosts.b.address, 500}, {hosts.a.address, 500}, good}, hosts.network.now);
    REQUIRE(hosts.b.engine.counters().negotiating == 1);
  }
  for (const auto& evil : joined(evil_sas, evil_isakmp_sas)) {
    CAPTURE(evil.what);
    TwoHosts hosts;
    auto payloads = main_mode_offer();
    evil.change(payloads);
    const auto message = wire::encode_message(header, payloads);
    hosts.b.engine.receive({{hosts.b.address, 500}, {hosts.a.address, 500}, message}, hosts.network.now);
    CHECK(hosts.b.engine.counters().negotiating == 0);
    hosts.network.settle();
    std::size_t back = 0;
    for (const auto& sent : hosts.network.sent) back += sent.bytes.size();
    CHECK(back <= message.size());
    CHECK_FALSE(hosts.b.records.empty());
    hosts.start();
    hosts.network.settle();
    CHECK(hosts.connected());
  }
}

TEST_CASE("a Quick Mode offer with something wrong in it, from an authenticated peer, makes no SA") {
  const auto offer = [](const Evil* evil, bool verifies) {
    TwoHosts hosts;
    hosts.start();
    hosts.network.advance(seconds(3));
    REQUIRE(hosts.connected());
    const auto before = hosts.b.sas;
    auto payloads = quick_mode_offer(hosts.a, hosts.b);
    if (evil != nullptr) evil->change(payloads);
    const Insider insider(hosts.a);
    auto message = insider.hashed(wire::ExchangeType::quick_mode, 0x5151, payloads);
    if (!verifies) {
      payloads.insert(payloads.begin(), wire::Hash{Bytes(32)});
      message = insider.raw(wire::ExchangeType::quick_mode, 0x5151, payloads);
    }
    hosts.network.sent.clear();
    hosts.b.engine.receive({{hosts.b.address, 500}, {hosts.a.address, 500}, message}, hosts.network.now);
    hosts.network.carry_out(hosts.b);
    const bool made = hosts.b.sas != before;
    CHECK(hosts.network.sent.size() <= 1);  // a notification at most
    CHECK_FALSE(hosts.b.engine.inconsistency());
    // The ISAKMP SA is as good as before.
    hosts.network.advance(seconds(40));
    for (const auto& [key, sa] : std::map(hosts.a.sas)) hosts.a.engine.sa_expired(key, false, hosts.network.now);
    hosts.network.advance(seconds(40));
    CHECK(hosts.connected());
    CHECK(hosts.a.engine.isakmp_sas(hosts.network.now).size() == 1);
    return made;
  };
  CHECK(offer(nullptr, true));  // the offer itself is good
  CHECK_FALSE(offer(nullptr, false));
  for (const auto& evil : joined(evil_sas, evil_nonces(), quick_mode_changes, key_changes)) {
    CAPTURE(evil.what);
    CHECK_FALSE(offer(&evil, true));
  }
}

TEST_CASE("Informational messages with something wrong in them, from an authenticated peer, take nothing away") {
  TwoHosts hosts;
  hosts.start();
  hosts.network.advance(seconds(3));
  REQUIRE(hosts.connected());
  const auto before = hosts.b.sas;
  const Insider insider(hosts.a);
  const auto cookies = ike::cookie_spi(insider.cookies());
  const std::vector<Payloads> messages{
      {},
      {wire::Deletion{1, 3, 4, {}}},
      {wire::Deletion{1, 3, 4, {Bytes(4, 0x77)}}},  // nobody's SPI
      {wire::Deletion{1, 3, 16, {Bytes(16, 1)}}},   // an SPI of a wrong size
      {wire::Deletion{1, 1, 4, {Bytes(4, 1)}}},     // cookies of a wrong size
      {wire::Deletion{1, 1, 16, {Bytes(16, 1)}}},   // cookies of nobody
      {wire::Deletion{1, 99, 4, {Bytes(4, 1)}}},    // an unknown protocol
      {wire::Notification{1, 1, wire::notify::are_you_there, {}, {}}},
      {wire::Notification{1, 1, wire::notify::are_you_there_ack, cookies, Bytes(4, 3)}},
      {wire::Notification{1, 1, wire::notify::are_you_there_ack, cookies, Bytes(1)}},
      {wire::Notification{1, 3, wire::notify::invalid_spi, Bytes(3), {}}},
      {wire::Notification{1, 3, wire::notify::invalid_spi, Bytes(4, 0x66), {}}},
      {wire::Notification{1, 3, wire::notify::no_proposal_chosen, Bytes(4, 0x66), Bytes(500, 'x')}},
      {wire::Notification{1, 200, 60000, Bytes(255), Bytes(900)}},
      {wire::Unknown{99, Bytes(9)}},
      {wire::Nonce{Bytes(16)}, wire::Nonce{Bytes(16)}},
  };
  std::uint32_t message_id = 100;
  for (const auto& payloads : messages) {
    const auto message = insider.hashed(wire::ExchangeType::informational, ++message_id, payloads);
    hosts.b.engine.receive({{hosts.b.address, 500}, {hosts.a.address, 500}, message}, hosts.network.now);
    hosts.network.carry_out(hosts.b);
    CAPTURE(message_id);
    CHECK(hosts.b.sas == before);
    CHECK_FALSE(hosts.b.engine.inconsistency());
  }
  hosts.network.advance(seconds(40));
  CHECK(hosts.connected());
  CHECK(hosts.b.engine.isakmp_sas(hosts.network.now).size() == 1);
}

TEST_CASE("an authenticated peer's message in clear, with message id 0 or twice, does nothing") {
  TwoHosts hosts;
  hosts.start();
  hosts.network.advance(seconds(3));
  const auto before = hosts.b.sas;
  const Insider insider(hosts.a);
  Bytes spi;
  for (const auto& [key, sa] : hosts.a.installed)
    if (sa.direction == Direction::in) spi = Writer().u32(static_cast<std::uint32_t>(key.spi)).take();
  const Payloads deletion{wire::Deletion{1, 3, 4, {spi}}};
  wire::Header header;
  header.cookies = insider.cookies();
  header.message_id = 9;
  header.exchange = GENERATE(wire::ExchangeType::informational, wire::ExchangeType::quick_mode);
  const auto clear = wire::encode_message(header, deletion);
  const auto zero = insider.hashed(wire::ExchangeType::quick_mode, 0, quick_mode_offer(hosts.a, hosts.b));
  for (const auto& message : {clear, zero}) {
    hosts.b.engine.receive({{hosts.b.address, 500}, {hosts.a.address, 500}, message}, hosts.network.now);
    hosts.network.carry_out(hosts.b);
    CHECK(hosts.b.sas == before);
  }
  // A Quick Mode offer played back opens no second exchange.
  const auto offer = insider.hashed(wire::ExchangeType::quick_mode, 77, quick_mode_offer(hosts.a, hosts.b));
  for (int i = 0; i < 5; ++i) {
    hosts.b.engine.receive({{hosts.b.address, 500}, {hosts.a.address, 500}, offer}, hosts.network.now);
    hosts.network.carry_out(hosts.b);
  }
  CHECK(hosts.b.engine.counters().quick_modes == 1);
}
