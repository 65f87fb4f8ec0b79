// Every message after the first of an exchange, with something wrong in it, in front of the real one: from somebody who
// has proved nothing in Main Mode's messages 3 and 4, from somebody who has the keys in all later ones.
#include <catch2/catch.hpp>

#include "support/evil.hpp"
#include "support/insider.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
using Arrivals = std::vector<std::pair<Duration, Bytes>>;

// Of Main Mode with MODP2048.
const std::vector<Evil> key_messages = joined(
    std::vector<Evil>{
        {"no KE", without<wire::KeyExchange>},
        {"KE twice", twice<wire::KeyExchange>},
        {"a payload of an unknown type", unknown_payload},
        {"nothing at all", [](Payloads& p) { p.clear(); }},
        {"an SA instead",
         [](Payloads& p) { p = {ike::offer_phase1(usual_isakmp_policy(), wire::oakley::method_pre_shared_key)}; }},
    },
    evil_nonces(), evil_keys());

// Messages 5 and 6. The HASH covers the ID, so that a changed one does not verify.
const std::vector<Evil> proofs =
    joined(evil_identities, evil_hashes,
           std::vector<Evil>{
               {"an ID of a protocol", [](Payloads& p) { the<wire::Identification>(p).protocol = 6; }},
               {"a payload of an unknown type", unknown_payload},
               {"neither", [](Payloads& p) { p = {wire::VendorId{Bytes(16)}}; }},
           });

// Quick Mode's message 2, with a HASH(2) that verifies.
const std::vector<Evil> quick_replies{
    {"two proposals",
     [](Payloads& p) {
       sa(p).proposals.push_back(sa(p).proposals[0]);
       sa(p).proposals[1].number = 2;
     }},
    {"two transforms",
     [](Payloads& p) {
       auto& transforms = sa(p).proposals[0].transforms;
       transforms.push_back(transforms[0]);
     }},
    {"AH", [](Payloads& p) { sa(p).proposals[0].protocol = wire::protocol::ah; }},
    {"an SPI of 3 bytes", [](Payloads& p) { sa(p).proposals[0].spi.resize(3); }},
    {"no SPI", [](Payloads& p) { sa(p).proposals[0].spi.clear(); }},
    {"tunnel mode", [](Payloads& p) { set_attribute(p, wire::ipsec::encapsulation, 1); }},
    {"another authentication", [](Payloads& p) { set_attribute(p, wire::ipsec::authentication, 1); }},
    {"another key length", [](Payloads& p) { set_attribute(p, wire::ipsec::key_length, 256); }},
    {"a KE that nobody asked for", [](Payloads& p) { p.push_back(wire::KeyExchange{Bytes(256, 5)}); }},
    {"one identity", [](Payloads& p) { p.pop_back(); }},
    {"three identities", [](Payloads& p) { p.push_back(p.back()); }},
    {"other identities", [](Payloads& p) { the<wire::Identification>(p).value.back() ^= 1; }},
    {"identities of an unknown kind", [](Payloads& p) { the<wire::Identification>(p).id_type = 99; }},
    {"a payload of an unknown type", unknown_payload},
};

const std::vector<Evil> quick_ends{
    {"no HASH", [](Payloads& p) { p = {wire::VendorId{Bytes(16)}}; }},
    {"HASH twice", twice<wire::Hash>},
    {"a short HASH", [](Payloads& p) { the<wire::Hash>(p).value.pop_back(); }},
    {"an empty HASH", [](Payloads& p) { the<wire::Hash>(p).value.clear(); }},
    {"another HASH", [](Payloads& p) { the<wire::Hash>(p).value.front() ^= 1; }},
    {"a NONCE instead", [](Payloads& p) { p = {wire::Nonce{Bytes(32)}}; }},
};

// The keys of an ISAKMP SA that is being made, as its end has them.
ike::Channel channel_of(const Host& host) {
  return *ike::phase1::channel_of(*ike::EngineSnapshot::any_session(host.engine)->negotiation);
}
}  // namespace

TEST_CASE("Main Mode's message 2 with something wrong in it changes nothing") {
  for (const auto& evil : joined(evil_sas, evil_isakmp_sas, evil_choices)) {
    CAPTURE(evil.what);
    TwoHosts hosts;
    hosts.network.wire = [&](std::size_t number, const ike::Datagram& sent) {
      Arrivals arrivals{{hosts.network.latency, sent.bytes}};
      if (number != 1) return arrivals;
      const auto header = *wire::decode_header(sent.bytes);
      auto payloads = payloads_of(header, sent.bytes);
      evil.change(payloads);
      hosts.a.engine.receive({sent.remote, sent.local, wire::encode_message(header, payloads)}, hosts.network.now);
      for (const auto& action : hosts.a.engine.take_actions()) {
        CHECK_FALSE(std::holds_alternative<ike::RunJob>(action));
        CHECK_FALSE(std::holds_alternative<ike::SendDatagram>(action));
      }
      return arrivals;
    };
    hosts.start();
    hosts.network.settle();
    CHECK(hosts.connected());  // the real one was heard
    CHECK(hosts.a.sas.size() == 2);
  }
}

TEST_CASE("Main Mode's KE messages with something wrong in them change nothing") {
  const auto victim = static_cast<std::size_t>(GENERATE(2, 3));
  for (const auto& evil : key_messages) {
    CAPTURE(victim, evil.what);
    TwoHosts hosts;
    auto policy = usual_isakmp_policy();
    policy.proposals = {*IkeProposal::parse("AES128-SHA256-MODP2048")};
    for (auto* host : {&hosts.a, &hosts.b}) host->engine.configure({policy});
    hosts.network.wire = [&](std::size_t number, const ike::Datagram& sent) {
      Arrivals arrivals{{hosts.network.latency, sent.bytes}};
      if (number != victim) return arrivals;
      const auto header = *wire::decode_header(sent.bytes);
      auto payloads = payloads_of(header, sent.bytes);
      evil.change(payloads);
      arrivals.emplace_back(Duration(1), wire::encode_message(header, payloads));
      return arrivals;
    };
    hosts.start();
    hosts.network.settle();
    auto& receiver = victim == 2 ? hosts.b : hosts.a;
    CHECK((receiver.has_audit("bad-packet") || receiver.has_audit("unexpected-message")));
    CHECK(hosts.connected());
    CHECK(hosts.a.sas.size() == 2);
  }
}

TEST_CASE("Main Mode's proofs with something wrong in them, made with the right keys, prove nothing") {
  const auto victim = static_cast<std::size_t>(GENERATE(4, 5));
  for (const auto& evil : proofs) {
    CAPTURE(victim, evil.what);
    TwoHosts hosts;
    auto& receiver = victim == 4 ? hosts.b : hosts.a;
    hosts.network.wire = [&](std::size_t number, const ike::Datagram& sent) {
      Arrivals arrivals{{hosts.network.latency, sent.bytes}};
      if (number != victim) return arrivals;
      const auto header = *wire::decode_header(sent.bytes);
      const auto channel = channel_of(receiver);
      auto payloads = payloads_of(ike::open(channel, header, sent.bytes).value().chain);
      evil.change(payloads);
      receiver.engine.receive({sent.remote, sent.local, ike::seal(channel, header, payloads).value().message},
                              hosts.network.now);
      CHECK(receiver.engine.counters().isakmp_sas == 0);
      return arrivals;
    };
    hosts.start();
    hosts.network.advance(seconds(40));
    CHECK(hosts.connected());
  }
}

TEST_CASE("Quick Mode's message 2 with something wrong in it, from an authenticated peer, makes no SA") {
  for (const auto& evil : joined(evil_sas, evil_nonces(), quick_replies)) {
    CAPTURE(evil.what);
    TwoHosts hosts;
    bool evil_came = false;
    hosts.network.wire = [&](std::size_t number, const ike::Datagram& sent) {
      Arrivals arrivals{{hosts.network.latency, sent.bytes}};
      if (number != 7) return arrivals;
      const auto* session = ike::EngineSnapshot::any_session(hosts.a.engine);
      const auto& offered = std::get<ike::quick_mode::Offered>(session->quick.begin()->second.state);
      const auto header = *wire::decode_header(sent.bytes);
      auto payloads = payloads_of(ike::open(offered.channel, header, sent.bytes).value().chain);
      without<wire::Hash>(payloads);
      evil.change(payloads);
      const auto hash = ike::hash_2(*offered.channel.keys, header.message_id, offered.ni, wire::encode_chain(payloads));
      payloads.insert(payloads.begin(), wire::Hash{hash});
      hosts.a.engine.receive({sent.remote, sent.local, ike::seal(offered.channel, header, payloads).value().message},
                             hosts.network.now);
      evil_came = true;
      for (const auto& action : hosts.a.engine.take_actions()) {
        CHECK_FALSE(std::holds_alternative<ike::InstallSas>(action));
        CHECK_FALSE(std::holds_alternative<ike::SendDatagram>(action));
      }
      return arrivals;
    };
    hosts.start();
    hosts.network.advance(seconds(70));
    REQUIRE(evil_came);
    CHECK_FALSE(hosts.a.engine.inconsistency());
    hosts.start();  // what ended the Quick Mode has not ended the ISAKMP SA
    hosts.network.advance(seconds(40));
    CHECK(hosts.connected());
  }
}

TEST_CASE("Quick Mode's message 3 with something wrong in it completes nothing") {
  for (const auto& evil : quick_ends) {
    CAPTURE(evil.what);
    TwoHosts hosts;
    hosts.network.wire = [&](std::size_t number, const ike::Datagram& sent) {
      Arrivals arrivals{{hosts.network.latency, sent.bytes}};
      if (number != 8) return arrivals;
      const auto* session = ike::EngineSnapshot::any_session(hosts.b.engine);
      const auto& answered = std::get<ike::quick_mode::Answered>(session->quick.begin()->second.state);
      const auto header = *wire::decode_header(sent.bytes);
      auto payloads = payloads_of(ike::open(answered.channel, header, sent.bytes).value().chain);
      evil.change(payloads);
      hosts.b.engine.receive({sent.remote, sent.local, ike::seal(answered.channel, header, payloads).value().message},
                             hosts.network.now);
      for (const auto& action : hosts.b.engine.take_actions())
        CHECK_FALSE(std::holds_alternative<ike::InstallSas>(action));
      return arrivals;
    };
    hosts.start();
    hosts.network.settle();
    CHECK(hosts.connected());  // the real one was heard
    CHECK(hosts.a.sas.size() == 2);
  }
}

TEST_CASE("a header with something wrong in it, of a message that the ISAKMP SA protects, does nothing") {
  TwoHosts hosts;
  hosts.start();
  hosts.network.advance(seconds(3));
  REQUIRE(hosts.connected());
  const auto before = hosts.b.sas;
  const Insider insider(hosts.a);
  const auto address = [](const Host& host) {
    const auto identity = Identity::of(host.address);
    return wire::Identification{static_cast<std::uint8_t>(identity.type), 0, 0, identity.value};
  };
  const auto message =
      insider.hashed(wire::ExchangeType::quick_mode, 0x12345678,
                     {ike::offer_phase2(usual_protection(hosts.a, hosts.b), {std::nullopt, Spi{0x10203040}}),
                      wire::Nonce{Bytes(16, 9)}, address(hosts.a), address(hosts.b)});
  const auto [what, at, value] = GENERATE(table<const char*, std::size_t, int>({{"initiator's cookie", 3, 0x77},
                                                                                {"responder's cookie", 12, 0x77},
                                                                                {"first payload none", 16, 0},
                                                                                {"first payload SA", 16, 1},
                                                                                {"first payload a fragment", 16, 132},
                                                                                {"first payload unknown", 16, 99},
                                                                                {"version 0", 17, 0x00},
                                                                                {"version 2", 17, 0x20},
                                                                                {"version 15", 17, 0xf0},
                                                                                {"exchange none", 18, 0},
                                                                                {"exchange Base", 18, 1},
                                                                                {"exchange Main Mode", 18, 2},
                                                                                {"exchange Authentication Only", 18, 3},
                                                                                {"exchange Aggressive", 18, 4},
                                                                                {"exchange New Group", 18, 33},
                                                                                {"exchange of IKEv2", 18, 34},
                                                                                {"exchange unknown", 18, 240},
                                                                                {"in clear", 19, 0},
                                                                                {"another message id", 20, 0x13},
                                                                                {"length too long", 26, 0x7f},
                                                                                {"length too short", 27, 28}}));
  CAPTURE(what);
  auto changed = message;
  changed.at(at) = static_cast<std::uint8_t>(value);
  hosts.network.sent.clear();
  hosts.b.records.clear();
  hosts.b.engine.receive({{hosts.b.address, 500}, {hosts.a.address, 500}, changed}, hosts.network.now);
  hosts.network.carry_out(hosts.b);
  CHECK(hosts.b.sas == before);
  CHECK(hosts.b.engine.counters().quick_modes == 0);
  CHECK(hosts.b.records.size() == 1);
  for (const auto& sent : hosts.network.sent) CHECK(sent.bytes.size() <= changed.size());
  hosts.b.engine.receive({{hosts.b.address, 500}, {hosts.a.address, 500}, message}, hosts.network.now);
  hosts.network.carry_out(hosts.b);
  CHECK(hosts.b.sas != before);  // the message itself is good
}
