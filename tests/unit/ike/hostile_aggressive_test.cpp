// Aggressive Mode's messages with something wrong in them, in front of the real ones: the first two from anybody, the
// third from somebody who has the keys. And what comes with the marks of this exchange when it is over.
#include <catch2/catch.hpp>

#include "support/evil.hpp"
#include "support/insider.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
using Arrivals = std::vector<std::pair<Duration, Bytes>>;

struct BareAggressive : TwoHosts {
  BareAggressive() {
    auto policy = usual_isakmp_policy();
    policy.aggressive = true;
    policy.proposals = {*IkeProposal::parse("AES128-SHA256-MODP2048")};
    for (auto* host : {&a, &b}) host->engine.configure({policy});
  }
  // The message as it arrives at a host that carries nothing out.
  void receive(Host& at, const Host& from, const Bytes& message) {
    at.engine.receive({{at.address, 500}, {from.address, 500}, message}, network.now);
  }
};

const Evil other_identity{"another ID", [](Payloads& p) { the<wire::Identification>(p).value.back() ^= 1; }};

// Of messages 1 and 2.
const std::vector<Evil> offers = joined(evil_sas, evil_isakmp_sas, evil_nonces(), evil_keys(),
                                        std::vector<Evil>{
                                            {"no KE", without<wire::KeyExchange>},
                                            {"KE twice", twice<wire::KeyExchange>},
                                            {"no ID", without<wire::Identification>},
                                            {"ID twice", twice<wire::Identification>},
                                        });
// Of message 1: the policy expects the address.
const std::vector<Evil> strangers = joined(
    evil_identities, std::vector<Evil>{{"a HASH too soon", [](Payloads& p) { p.push_back(wire::Hash{Bytes(32)}); }}});
// Of message 2. Its HASH covers what the others say, and whoever sent it knows our cookie: there is no way back.
const std::vector<Evil> wrong_proofs{
    {"a short HASH", [](Payloads& p) { the<wire::Hash>(p).value.pop_back(); }},
    {"a long HASH", [](Payloads& p) { the<wire::Hash>(p).value.push_back(0); }},
    {"an empty HASH", emptied<wire::Hash>},
    {"another HASH", [](Payloads& p) { the<wire::Hash>(p).value.front() ^= 1; }},
    {"another nonce", [](Payloads& p) { the<wire::Nonce>(p).value.front() ^= 1; }},
    {"another public value", [](Payloads& p) { the<wire::KeyExchange>(p).value.back() ^= 2; }},
    {"another ID", other_identity.change},
    {"an ID of an unknown type", [](Payloads& p) { the<wire::Identification>(p).id_type = 200; }},
    {"an empty ID", emptied<wire::Identification>},
    {"a long ID", [](Payloads& p) { the<wire::Identification>(p).value.resize(2000); }},
};

struct WrongHeader {
  const char* what;
  std::size_t at;
  int value;
};
const std::vector<WrongHeader> wrong_headers{
    {"first payload none", 16, 0},     {"first payload unknown", 16, 99}, {"version 0", 17, 0x00},
    {"version 2", 17, 0x20},           {"version 15", 17, 0xf0},          {"exchange none", 18, 0},
    {"exchange Base", 18, 1},          {"exchange Main Mode", 18, 2},     {"exchange Authentication Only", 18, 3},
    {"exchange New Group", 18, 33},    {"exchange of IKEv2", 18, 34},     {"exchange unknown", 18, 240},
    {"another message id", 20, 0x13},  {"length too long", 26, 0x7f},     {"length too short", 27, 28},
    {"exchange Informational", 18, 5}, {"exchange Quick Mode", 18, 32},
};

Bytes with_header(Bytes message, const WrongHeader& wrong) {
  message.at(wrong.at) = static_cast<std::uint8_t>(wrong.value);
  return message;
}

Bytes first_message() {
  BareAggressive hosts;
  hosts.start();
  hosts.network.carry_out(hosts.a);
  return hosts.network.sent.at(0).bytes;
}

// What a host sends and computes because of what it has just received.
struct Reaction {
  std::size_t bytes = 0;
  std::size_t jobs = 0;
  std::size_t installed = 0;
};
Reaction reaction_of(Host& host) {
  Reaction reaction;
  for (const auto& action : host.engine.take_actions()) {
    if (const auto* send = std::get_if<ike::SendDatagram>(&action)) reaction.bytes += send->datagram.bytes.size();
    reaction.jobs += std::holds_alternative<ike::RunJob>(action) ? 1 : 0;
    reaction.installed += std::holds_alternative<ike::InstallSas>(action) ? 1 : 0;
    if (const auto* note = std::get_if<ike::WriteAudit>(&action)) host.records.push_back(note->record);
  }
  return reaction;
}

void expect_connection(BareAggressive& hosts) {
  CHECK(hosts.connected());
  CHECK(hosts.a.sas.size() == 2);
  CHECK_FALSE(hosts.a.engine.inconsistency());
  CHECK_FALSE(hosts.b.engine.inconsistency());
}
}  // namespace

TEST_CASE("Aggressive Mode's message 1 with something wrong in it starts nothing and costs no arithmetic") {
  const auto good = first_message();
  const auto header = *wire::decode_header(good);
  {
    BareAggressive hosts;  // the message itself is good
    hosts.receive(hosts.b, hosts.a, good);
    REQUIRE(hosts.b.engine.counters().negotiating == 1);
    REQUIRE(reaction_of(hosts.b).jobs == 1);
  }
  for (const auto& evil : joined(offers, strangers)) {
    CAPTURE(evil.what);
    BareAggressive hosts;
    auto payloads = payloads_of(header, good);
    evil.change(payloads);
    const auto message = wire::encode_message(header, payloads);
    hosts.receive(hosts.b, hosts.a, message);
    const auto reaction = reaction_of(hosts.b);
    CHECK(hosts.b.engine.counters().negotiating == 0);
    CHECK(reaction.jobs == 0);
    CHECK(reaction.bytes <= message.size());
    CHECK_FALSE(hosts.b.records.empty());
    hosts.start();
    hosts.network.settle();
    expect_connection(hosts);
  }
}

TEST_CASE("Aggressive Mode's message 1 with a header that is wrong starts nothing") {
  auto table = wrong_headers;
  // Main Mode begins with an SA payload too, and more than it needs does no harm.
  std::erase_if(table, [](const auto& wrong) { return std::string_view(wrong.what) == "exchange Main Mode"; });
  table.push_back({"a responder's cookie", 8, 0x77});
  table.push_back({"encrypted", 19, 1});
  for (const auto& wrong : table) {
    CAPTURE(wrong.what);
    BareAggressive hosts;
    const auto message = with_header(first_message(), wrong);
    hosts.receive(hosts.b, hosts.a, message);
    const auto reaction = reaction_of(hosts.b);
    CHECK(hosts.b.engine.counters().negotiating == 0);
    CHECK(reaction.jobs == 0);
    CHECK(reaction.bytes <= message.size());
    CHECK_FALSE(hosts.b.records.empty());
  }
  BareAggressive hosts;
  auto message = first_message();
  std::fill_n(message.begin(), 8, std::uint8_t{0});  // no initiator's cookie
  hosts.receive(hosts.b, hosts.a, message);
  CHECK(hosts.b.engine.counters().negotiating == 0);
  CHECK(reaction_of(hosts.b).bytes == 0);
}

TEST_CASE("Aggressive Mode's message 2 with something wrong in it, before anything is proven, changes nothing") {
  auto table = joined(offers, evil_choices);
  table.push_back({"no HASH", without<wire::Hash>});
  table.push_back({"HASH twice", twice<wire::Hash>});
  for (const auto& evil : table) {
    CAPTURE(evil.what);
    BareAggressive hosts;
    hosts.network.wire = [&](std::size_t number, const ike::Datagram& sent) {
      Arrivals arrivals{{hosts.network.latency, sent.bytes}};
      if (number != 1) return arrivals;
      const auto header = *wire::decode_header(sent.bytes);
      auto payloads = payloads_of(header, sent.bytes);
      evil.change(payloads);
      hosts.receive(hosts.a, hosts.b, wire::encode_message(header, payloads));
      const auto reaction = reaction_of(hosts.a);
      CHECK(reaction.jobs == 0);
      CHECK(reaction.bytes == 0);
      return arrivals;
    };
    hosts.start();
    hosts.network.settle();
    CHECK_FALSE(hosts.a.records.empty());
    expect_connection(hosts);  // the real one was heard
  }
}

TEST_CASE("Aggressive Mode's messages 2 and 3 with a header that is wrong change nothing") {
  const auto victim = static_cast<std::size_t>(GENERATE(1, 2));
  auto table = wrong_headers;
  table.push_back({"another initiator's cookie", 3, 0x77});
  if (victim == 1) table.push_back({"encrypted", 19, 1});
  if (victim == 2) table.push_back({"another responder's cookie", 12, 0x77});
  if (victim == 2) table.push_back({"in clear", 19, 0});
  for (const auto& wrong : table) {
    CAPTURE(victim, wrong.what);
    BareAggressive hosts;
    hosts.network.wire = [&](std::size_t number, const ike::Datagram& sent) {
      Arrivals arrivals{{hosts.network.latency, sent.bytes}};
      if (number == victim) arrivals.emplace_back(Duration(1), with_header(sent.bytes, wrong));
      return arrivals;
    };
    hosts.start();
    hosts.network.advance(seconds(3));
    expect_connection(hosts);
  }
}

TEST_CASE("a proof in Aggressive Mode's message 2 that is wrong makes no SA, and the next packet starts again") {
  for (const auto& evil : wrong_proofs) {
    CAPTURE(evil.what);
    BareAggressive hosts;
    hosts.network.wire = [&](std::size_t number, const ike::Datagram& sent) {
      if (number != 1) return Arrivals{{hosts.network.latency, sent.bytes}};
      const auto header = *wire::decode_header(sent.bytes);
      auto payloads = payloads_of(header, sent.bytes);
      evil.change(payloads);
      return Arrivals{{hosts.network.latency, wire::encode_message(header, payloads)}};
    };
    hosts.start();
    hosts.network.advance(seconds(40));
    CHECK(hosts.a.sas.empty());
    CHECK(hosts.b.sas.empty());
    CHECK(hosts.a.engine.isakmp_sas(hosts.network.now).empty());
    CHECK_FALSE(hosts.a.failures.empty());
    hosts.network.wire = nullptr;
    hosts.start();
    hosts.network.settle();
    expect_connection(hosts);
  }
}

TEST_CASE("Aggressive Mode's message 3 with something wrong in it, made with the right keys, proves nothing") {
  const bool in_clear = GENERATE(false, true);  // RFC 2409 allows both
  auto table = evil_hashes;
  table.push_back({"a payload of an unknown type", unknown_payload});
  table.push_back({"a NONCE instead", [](Payloads& p) { p = {wire::Nonce{Bytes(32)}}; }});
  table.push_back({"nothing but a vendor ID", [](Payloads& p) { p = {wire::VendorId{Bytes(16)}}; }});
  for (const auto& evil : table) {
    CAPTURE(in_clear, evil.what);
    BareAggressive hosts;
    hosts.network.wire = [&](std::size_t number, const ike::Datagram& sent) {
      Arrivals arrivals{{hosts.network.latency, sent.bytes}};
      if (number != 2) return arrivals;
      auto header = *wire::decode_header(sent.bytes);
      const auto channel = *ike::phase1::channel_of(*ike::EngineSnapshot::any_session(hosts.b.engine)->negotiation);
      auto payloads = payloads_of(ike::open(channel, header, sent.bytes).value().chain);
      evil.change(payloads);
      auto message = ike::seal(channel, header, payloads).value().message;
      if (in_clear) {
        header.flags = 0;
        message = wire::encode_message(header, payloads);
      }
      hosts.receive(hosts.b, hosts.a, message);
      const auto reaction = reaction_of(hosts.b);
      CHECK(reaction.installed == 0);
      CHECK(reaction.bytes <= message.size());
      CHECK(hosts.b.engine.counters().isakmp_sas == 0);
      return arrivals;
    };
    hosts.start();
    hosts.network.advance(seconds(3));
    CHECK_FALSE(hosts.b.records.empty());
    expect_connection(hosts);  // the real one was heard
  }
}

TEST_CASE("messages of Aggressive Mode for an ISAKMP SA that is there do nothing to it, whoever sends them") {
  BareAggressive hosts;
  hosts.start();
  hosts.network.advance(seconds(3));
  REQUIRE(hosts.connected());
  const auto real = hosts.network.sent;
  const auto before = hosts.b.sas;
  const Insider insider(hosts.a);
  const auto first = payloads_of(*wire::decode_header(real[0].bytes), real[0].bytes);
  wire::Header header;
  header.cookies = insider.cookies();
  header.exchange = wire::ExchangeType::aggressive;
  std::vector<Bytes> messages{wire::encode_message(header, first),
                              wire::encode_message(header, {wire::Hash{Bytes(32)}})};
  for (const std::uint32_t message_id : {0u, 7u}) {
    messages.push_back(insider.hashed(wire::ExchangeType::aggressive, message_id, first));
    messages.push_back(insider.hashed(wire::ExchangeType::aggressive, message_id, {wire::Nonce{Bytes(32)}}));
    header.message_id = message_id;
    messages.push_back(wire::encode_message(header, first));
  }
  const auto settled = [&] {
    hosts.network.advance(seconds(2));
    CHECK(hosts.a.sas == before);
    CHECK(hosts.b.sas == before);
    CHECK(hosts.a.engine.isakmp_sas(hosts.network.now).size() == 1);
    CHECK(hosts.b.engine.isakmp_sas(hosts.network.now).size() == 1);
  };
  for (std::size_t i = 0; i < messages.size(); ++i) {
    CAPTURE(i);
    hosts.receive(hosts.b, hosts.a, messages[i]);
    CHECK(reaction_of(hosts.b).jobs == 0);
    hosts.receive(hosts.a, hosts.b, messages[i]);
    CHECK(reaction_of(hosts.a).jobs == 0);
    settled();
  }
  // The real ones again, late: message 1 by its cookie is a new beginning at most, which ends by itself.
  for (const auto& datagram : {real[1], real[2]}) {
    auto& receiver = datagram.remote.address == hosts.a.address ? hosts.a : hosts.b;
    receiver.engine.receive({datagram.remote, datagram.local, datagram.bytes}, hosts.network.now);
    CHECK(reaction_of(receiver).jobs == 0);
    settled();
  }
  // And the ISAKMP SA works as before.
  for (const auto& [key, sa] : std::map(hosts.a.sas)) hosts.a.engine.sa_expired(key, false, hosts.network.now);
  hosts.network.advance(seconds(40));
  CHECK(hosts.connected());
  CHECK(hosts.a.sas != before);
}
