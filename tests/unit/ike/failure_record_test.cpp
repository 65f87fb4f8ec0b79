// Why a negotiation failed: one record on each side, and both name the single attribute.
#include <catch2/catch.hpp>

#include "support/ike_network.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

TEST_CASE("Main Mode: the attribute that differs is named on both sides, once") {
  const auto [attribute, responder] = GENERATE(table<std::string, std::string>({
      {"group", "AES128-SHA256-MODP3072"},
      {"hash", "AES128-SHA384-CURVE25519"},
      {"encryption", "3DES-SHA256-CURVE25519"},
      {"key length", "AES192-SHA256-CURVE25519"},
  }));
  CAPTURE(attribute);
  TwoHosts hosts;
  auto policy = usual_isakmp_policy("strict");
  policy.place = 7;
  policy.proposals = {*IkeProposal::parse(responder)};
  hosts.b.engine.configure({policy});
  hosts.start();
  hosts.network.advance(seconds(40));
  REQUIRE(hosts.b.failures.size() == 1);
  CHECK(hosts.b.failures[0].differs == attribute);
  CHECK(hosts.b.failures[0].reason == "no-proposal-chosen");
  CHECK(hosts.b.failures[0].policy == "strict");
  CHECK(hosts.b.failures[0].place == 7);
  CHECK(hosts.b.failures[0].remote == "10.1.0.1");
  REQUIRE(hosts.a.failures.size() == 1);
  CHECK(hosts.a.failures[0].differs == attribute);
  CHECK(hosts.a.failures[0].reason == "no-proposal-chosen");
  CHECK(hosts.a.failures[0].policy == "peer");
  CHECK(hosts.a.failures[0].place == 1);
  CHECK(hosts.a.failures[0].offered == "AES128-SHA256-CURVE25519");
  CHECK(hosts.a.failures[0].text.find(attribute + " differs") != std::string::npos);
}

TEST_CASE("Main Mode: another authentication method is named") {
  TwoHosts hosts;
  auto policy = usual_isakmp_policy();
  policy.authentication = AuthenticationMethod::rsa_signature;
  hosts.b.engine.configure({policy});
  hosts.start();
  hosts.network.advance(seconds(40));
  REQUIRE(hosts.b.failures.size() == 1);
  CHECK(hosts.b.failures[0].differs == "authentication");
}

TEST_CASE("lifetimes that differ are no reason to fail: the shorter one counts") {
  TwoHosts hosts;
  auto policy = usual_isakmp_policy();
  policy.lifetime = 600;
  hosts.b.engine.configure({policy});
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.connected());
  CHECK(hosts.a.failures.empty());
  CHECK(hosts.b.failures.empty());
}

TEST_CASE("no key, no ISAKMP policy: the side that lacks it says so once, however often the peer asks") {
  const bool key = GENERATE(true, false);
  TwoHosts hosts;
  if (key)
    hosts.b.keys.clear();
  else
    hosts.b.engine.configure({});
  hosts.start();
  hosts.network.advance(seconds(40));
  REQUIRE(hosts.b.failures.size() == 1);
  CHECK(hosts.b.failures[0].reason == (key ? "no-preshared-key" : "no-isakmp-policy"));
  REQUIRE(hosts.a.failures.size() == 1);
  CHECK(hosts.a.failures[0].phase == "main");
}

TEST_CASE("different keys: one record on each side for one negotiation") {
  TwoHosts hosts;
  hosts.b.keys[hosts.a.address] = "another key than its peer has";
  hosts.start();
  hosts.network.advance(seconds(70));
  REQUIRE(hosts.b.failures.size() == 1);
  CHECK(hosts.b.failures[0].differs == "pre-shared key");
  REQUIRE(hosts.a.failures.size() == 1);
  CHECK(hosts.a.failures[0].reason == "authentication-failed");
}

TEST_CASE("Quick Mode: the attribute that differs is named on both sides, once") {
  const auto [attribute, change] = GENERATE(table<std::string, std::function<void(Protection&)>>({
      {"encryption", [](Protection& p) { p.transforms = {*Transform::parse("ESP-3DES-HMAC-SHA256")}; }},
      {"key length", [](Protection& p) { p.transforms = {*Transform::parse("ESP-AES256-HMAC-SHA256")}; }},
      {"authentication", [](Protection& p) { p.transforms = {*Transform::parse("ESP-AES128-HMAC-SHA1")}; }},
      {"protocol", [](Protection& p) { p.transforms = {*Transform::parse("AH-SHA256")}; }},
      {"mode", [](Protection& p) { p.mode = Mode::tunnel; }},
      {"pfs", [](Protection& p) { p.pfs = Group::modp2048; }},
  }));
  CAPTURE(attribute);
  TwoHosts hosts;
  hosts.b.cover = [change = change](const CoverQuery& query) {
    auto granted = grant_anything(query);
    granted->place = 4;
    granted->policy = "strict";
    change(*granted);
    return granted;
  };
  hosts.start();
  hosts.network.advance(seconds(40));
  REQUIRE(hosts.b.failures.size() == 1);
  CHECK(hosts.b.failures[0].phase == "quick");
  CHECK(hosts.b.failures[0].differs == attribute);
  CHECK(hosts.b.failures[0].policy == "strict");
  CHECK(hosts.b.failures[0].place == 4);
  REQUIRE(hosts.a.failures.size() == 1);
  CHECK(hosts.a.failures[0].differs == attribute);
  CHECK(hosts.a.failures[0].offered == "ESP-AES128-HMAC-SHA256");
  CHECK(hosts.a.failures[0].policy == "telnet");
}

TEST_CASE("Quick Mode: traffic that no policy covers is named on both sides") {
  TwoHosts hosts;
  hosts.b.cover = [](const CoverQuery&) -> Result<Protection> { return Error{ErrorCode::refused, "nothing near"}; };
  hosts.start();
  hosts.network.settle();
  REQUIRE(hosts.b.failures.size() == 1);
  CHECK(hosts.b.failures[0].differs == "selector");
  REQUIRE(hosts.a.failures.size() == 1);
  CHECK(hosts.a.failures[0].differs == "selector");
}

TEST_CASE("a timeout says what was last heard, in each phase") {
  const auto heard = GENERATE(range(0, 9));  // messages that arrive; nothing after them
  TwoHosts hosts;
  hosts.network.wire = [&, heard](std::size_t number, const ike::Datagram& sent) {
    std::vector<std::pair<Duration, Bytes>> arrivals;
    if (number < static_cast<std::size_t>(heard)) arrivals.emplace_back(Duration(5), sent.bytes);
    return arrivals;
  };
  hosts.start();
  hosts.network.advance(seconds(70));
  CAPTURE(heard);
  // Message 3 of Quick Mode is the last: its sender is done. Main Mode's message 6 too.
  if (heard < 5 || (heard > 5 && heard < 8)) {
    REQUIRE(hosts.a.failures.size() == 1);
    CHECK(hosts.a.failures[0].reason == "timeout");
    CHECK(
        hosts.a.failures[0].text.starts_with(heard < 6 ? "MM negotiation timeout" : "QM negotiation timeout, mess ID"));
    CHECK(hosts.a.failures[0].text.find("message") != std::string::npos);
  }
  if (heard == 8) CHECK(hosts.b.failures.size() == 1);  // message 3 of Quick Mode is missing
}
