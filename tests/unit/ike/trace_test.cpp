// What a trace is told of the messages between two hosts: in clear, in order, and never a key.
#include <algorithm>
#include <catch2/catch.hpp>

#include "support/ike_network.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
std::vector<std::string> comments(const Host& host) {
  std::vector<std::string> all;
  for (const auto& each : host.traced) all.push_back((each.sent ? "> " : "< ") + each.comment);
  return all;
}

bool encrypted(const ike::TraceMessage& message) { return wire::decode_header(message.message)->encrypted(); }
}  // namespace

TEST_CASE("a trace has each message once, in order, decrypted and named") {
  TwoHosts hosts;
  hosts.a.engine.trace(true);
  hosts.start();
  hosts.network.advance(seconds(1));
  REQUIRE(hosts.connected());
  const auto all = comments(hosts.a);
  REQUIRE(all.size() == 9);
  const std::string_view begins[] = {"> Main Mode: SA",
                                     "< Main Mode: SA",
                                     "> Main Mode: KE, NONCE",
                                     "< Main Mode: KE, NONCE",
                                     "> Main Mode: ID, HASH",
                                     "< Main Mode: ID, HASH",
                                     "> Quick Mode: HASH, SA, NONCE",
                                     "< Quick Mode: HASH, SA, NONCE",
                                     "> Quick Mode: HASH"};
  for (std::size_t n = 0; n < all.size(); ++n) {
    INFO(all[n]);
    CHECK(all[n].starts_with(begins[n]));
    CHECK(all[n].find("ISAKMP policy ") != std::string::npos);
    CHECK((all[n].find("(decrypted)") != std::string::npos) == (n >= 4));
  }
  for (const auto& each : hosts.a.traced) {
    CHECK_FALSE(encrypted(each));
    const auto header = wire::decode_header(each.message);
    const auto chain = wire::decode_chain(header->next_payload, ByteView(each.message).subspan(wire::header_size));
    REQUIRE(chain);
    CHECK(chain->length + wire::header_size == each.message.size());  // no padding is left
  }
  CHECK(hosts.b.traced.empty());
}

TEST_CASE("no key is in a trace") {
  TwoHosts hosts;
  hosts.a.engine.trace(true);
  hosts.start();
  hosts.network.advance(seconds(1));
  REQUIRE(hosts.connected());
  REQUIRE_FALSE(hosts.a.sas.empty());
  for (const auto& message : hosts.a.traced)
    for (const auto& [sa, keys] : hosts.a.sas) {
      const ByteView key = ByteView(keys).first(16);
      CHECK(std::search(message.message.begin(), message.message.end(), key.begin(), key.end()) ==
            message.message.end());
    }
}

TEST_CASE("a trace that begins late, ends early or has no keys says what it can") {
  TwoHosts hosts;
  hosts.start();
  hosts.network.advance(seconds(1));
  REQUIRE(hosts.connected());
  CHECK(hosts.a.traced.empty());
  hosts.a.engine.trace(true);
  hosts.a.engine.delete_peer(hosts.b.address, hosts.network.now);
  hosts.network.advance(seconds(1));
  const auto all = comments(hosts.a);
  REQUIRE_FALSE(all.empty());
  CHECK(all.front().starts_with("> Informational: HASH, D (decrypted)"));
  hosts.a.traced.clear();
  hosts.a.engine.receive({{hosts.a.address, 500}, {hosts.b.address, 500}, Bytes(5, 7)}, hosts.network.now);
  wire::Header header;
  header.cookies = {wire::Cookie{1}, wire::Cookie{2}};
  header.exchange = wire::ExchangeType::quick_mode;
  header.flags = wire::flags::encryption;
  header.message_id = 9;
  const auto foreign = wire::encode_message(header, wire::PayloadType::hash, Bytes(32, 5));
  hosts.a.engine.receive({{hosts.a.address, 500}, {hosts.b.address, 500}, foreign}, hosts.network.now);
  hosts.network.carry_out(hosts.a);
  const auto odd = comments(hosts.a);
  REQUIRE(odd.size() >= 2);
  CHECK(odd[0] == "< no ISAKMP message");
  CHECK(odd[1] == "< Quick Mode (encrypted, not readable here)");
  hosts.a.engine.trace(false);
  hosts.a.traced.clear();
  hosts.a.engine.receive({{hosts.a.address, 500}, {hosts.b.address, 500}, foreign}, hosts.network.now);
  hosts.network.carry_out(hosts.a);
  CHECK(hosts.a.traced.empty());
}

TEST_CASE("a message that is sent again is traced again, in clear") {
  TwoHosts hosts;
  hosts.a.engine.trace(true);
  hosts.network.wire = [](std::size_t number, const ike::Datagram& sent) {
    std::vector<std::pair<Duration, Bytes>> arrivals;
    if (number != 4) arrivals.emplace_back(Duration{5}, sent.bytes);  // message 5 of Main Mode
    return arrivals;
  };
  hosts.start();
  hosts.network.advance(seconds(5));
  REQUIRE(hosts.connected());
  const auto all = comments(hosts.a);
  const auto times = std::count_if(
      all.begin(), all.end(), [](const std::string& comment) { return comment.starts_with("> Main Mode: ID, HASH"); });
  CHECK(times == 2);
  CHECK(std::none_of(hosts.a.traced.begin(), hosts.a.traced.end(), encrypted));
}
