// Why a negotiation failed: one record on each side, and both name the single attribute with both values.
#include <catch2/catch.hpp>

#include "support/ike_network.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
struct Apart {
  std::string attribute;
  std::string offered;
  std::string wanted;
};

void both_name(const TwoHosts& hosts, const Apart& apart) {
  for (const auto* host : {&hosts.a, &hosts.b}) {
    CAPTURE(host->name);
    REQUIRE(host->failures.size() == 1);
    const auto& failure = host->failures[0];
    CHECK(failure.differs == apart.attribute);
    CHECK(failure.offered == apart.offered);
    CHECK(failure.wanted == apart.wanted);
  }
}
}  // namespace

TEST_CASE("Main Mode: the attribute that differs is named on both sides, once") {
  const auto [attribute, offered, wanted, change] =
      GENERATE(table<std::string, std::string, std::string, std::function<void(IsakmpPolicy&)>>({
          {"group", "CURVE25519", "MODP3072",
           [](auto& policy) { policy.proposals = {*IkeProposal::parse("AES128-SHA256-MODP3072")}; }},
          {"hash", "SHA256", "SHA384",
           [](auto& policy) { policy.proposals = {*IkeProposal::parse("AES128-SHA384-CURVE25519")}; }},
          {"encryption", "AES128", "3DES",
           [](auto& policy) { policy.proposals = {*IkeProposal::parse("3DES-SHA256-CURVE25519")}; }},
          {"key length", "AES128", "AES192",
           [](auto& policy) { policy.proposals = {*IkeProposal::parse("AES192-SHA256-CURVE25519")}; }},
          {"authentication", "psk", "rsa-signature",
           [](auto& policy) { policy.authentication = AuthenticationMethod::rsa_signature; }},
      }));
  CAPTURE(attribute);
  TwoHosts hosts;
  auto policy = usual_isakmp_policy("strict");
  policy.place = 7;
  change(policy);
  hosts.b.engine.configure({policy});
  hosts.start();
  hosts.network.advance(seconds(40));
  both_name(hosts, {attribute, offered, wanted});
  CHECK(hosts.b.failures[0].reason == "no-proposal-chosen");
  CHECK(hosts.b.failures[0].policy == "strict");
  CHECK(hosts.b.failures[0].place == 7);
  CHECK(hosts.b.failures[0].remote == "10.1.0.1");
  CHECK(hosts.a.failures[0].reason == "no-proposal-chosen");
  CHECK(hosts.a.failures[0].policy == "peer");
  CHECK(hosts.a.failures[0].place == 1);
  CHECK(hosts.a.failures[0].text.find(attribute + " differs: " + offered + " offered, " + wanted + " wanted") !=
        std::string::npos);
}

TEST_CASE("Main Mode: what differs in several attributes names none, and shows both sides' proposals") {
  TwoHosts hosts;
  auto policy = usual_isakmp_policy();
  policy.proposals = {*IkeProposal::parse("3DES-SHA512-MODP3072")};
  hosts.b.engine.configure({policy});
  hosts.start();
  hosts.network.advance(seconds(40));
  REQUIRE(hosts.b.failures.size() == 1);
  CHECK(hosts.b.failures[0].differs.empty());
  CHECK(hosts.b.failures[0].offered == "AES128-SHA256-CURVE25519");
  CHECK(hosts.b.failures[0].wanted == "3DES-SHA512-MODP3072");
  REQUIRE(hosts.a.failures.size() == 1);
  CHECK(hosts.a.failures[0].differs.empty());
  CHECK(hosts.a.failures[0].offered == "AES128-SHA256-CURVE25519");
}

TEST_CASE("Main Mode: whom the peer says to be is for both records, in private only") {
  TwoHosts hosts;
  auto policy = usual_isakmp_policy();
  policy.remote_id = Identity::of(*IpAddress::parse("10.9.9.9"));
  hosts.b.engine.configure({policy});
  hosts.start();
  hosts.network.advance(seconds(40));
  REQUIRE(hosts.b.failures.size() == 1);
  CHECK(hosts.b.failures[0].differs == "identity");
  CHECK(hosts.b.failures[0].offered == "10.1.0.1");
  CHECK(hosts.b.failures[0].wanted == "10.9.9.9");
  REQUIRE(hosts.a.failures.size() == 1);
  CHECK(hosts.a.failures[0].differs == "identity");
  CHECK(hosts.a.failures[0].offered == "10.1.0.1");
  CHECK(hosts.a.failures[0].wanted == "10.9.9.9");
  CHECK(hosts.a.engine.counters().negotiating == 0);
  const std::string secret = "10.9.9.9";
  for (const auto& sent : hosts.network.sent)
    CHECK(std::search(sent.bytes.begin(), sent.bytes.end(), secret.begin(), secret.end()) == sent.bytes.end());
}

TEST_CASE("Main Mode: the initiator expects somebody else, and both records say whom") {
  TwoHosts hosts;
  auto policy = usual_isakmp_policy();
  policy.remote_id = Identity::of(*IpAddress::parse("10.9.9.9"));
  hosts.a.engine.configure({policy});
  hosts.start();
  hosts.network.settle();
  both_name(hosts, {"identity", "10.1.0.2", "10.9.9.9"});
  CHECK(hosts.b.engine.isakmp_sas(hosts.network.now).empty());
  const std::string secret = "10.9.9.9";
  for (const auto& sent : hosts.network.sent)
    CHECK(std::search(sent.bytes.begin(), sent.bytes.end(), secret.begin(), secret.end()) == sent.bytes.end());
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
  const auto wants = [](const char* transform) {
    return [transform](Protection& p) { p.transforms = {*Transform::parse(transform)}; };
  };
  const auto [attribute, offers, offered, wanted, change] =
      GENERATE_COPY(table<std::string, std::string, std::string, std::string, std::function<void(Protection&)>>({
          {"encryption", "ESP-AES128-HMAC-SHA256", "AES128-CBC", "3DES-CBC", wants("ESP-3DES-HMAC-SHA256")},
          {"encryption", "AH-SHA256+ESP-AES128", "AES128-CBC", "3DES-CBC", wants("AH-SHA256+ESP-3DES")},
          {"key length", "ESP-AES128-HMAC-SHA256", "AES128-CBC", "AES256-CBC", wants("ESP-AES256-HMAC-SHA256")},
          {"authentication", "ESP-AES128-HMAC-SHA256", "HMAC-SHA256", "HMAC-SHA1", wants("ESP-AES128-HMAC-SHA1")},
          {"authentication", "AH-SHA1", "HMAC-SHA1", "HMAC-SHA256", wants("AH-SHA256")},
          {"authentication", "AH-SHA1+ESP-AES128", "HMAC-SHA1", "HMAC-SHA256", wants("AH-SHA256+ESP-AES128")},
          {"protocol", "ESP-AES128-HMAC-SHA256", "ESP", "AH", wants("AH-SHA256")},
          {"protocol", "ESP-AES128", "ESP", "AH+ESP", wants("AH-SHA256+ESP-AES128")},
          {"protocol", "AH-SHA256+ESP-AES128", "AH+ESP", "ESP", wants("ESP-AES128")},
          {"mode", "ESP-AES128-HMAC-SHA256", "transport", "tunnel", [](Protection& p) { p.mode = Mode::tunnel; }},
          {"mode", "AH-SHA256+ESP-AES128", "transport", "tunnel",
           [](Protection& p) {
             p.transforms = {*Transform::parse("AH-SHA256+ESP-AES128")};
             p.mode = Mode::tunnel;
           }},
          {"pfs", "ESP-AES128-HMAC-SHA256", "none", "MODP2048", [](Protection& p) { p.pfs = Group::modp2048; }},
      }));
  CAPTURE(attribute, offers, wanted);
  TwoHosts hosts;
  hosts.b.cover = [change = change](const CoverQuery& query) {
    auto granted = grant_anything(query);
    granted->place = 4;
    granted->policy = "strict";
    change(*granted);
    return granted;
  };
  auto protection = usual_protection(hosts.a, hosts.b);
  protection.transforms = {*Transform::parse(offers)};
  hosts.a.engine.acquire(protection, hosts.network.now);
  hosts.network.advance(seconds(40));
  both_name(hosts, {attribute, offered, wanted});
  CHECK(hosts.b.failures[0].phase == "quick");
  CHECK(hosts.b.failures[0].policy == "strict");
  CHECK(hosts.b.failures[0].place == 4);
  CHECK(hosts.a.failures[0].policy == "telnet");
  CHECK(hosts.a.failures[0].text.find(attribute + " differs") != std::string::npos);
}

TEST_CASE("Quick Mode: another PFS group is named on both sides") {
  TwoHosts hosts;
  hosts.network.cheap_keys = true;
  hosts.b.cover = [](const CoverQuery& query) {
    auto granted = grant_anything(query);
    granted->pfs = Group::modp2048;
    return granted;
  };
  auto protection = usual_protection(hosts.a, hosts.b);
  protection.pfs = Group::modp3072;
  hosts.a.engine.acquire(protection, hosts.network.now);
  hosts.network.settle();
  both_name(hosts, {"pfs", "MODP3072", "MODP2048"});
}

TEST_CASE("Quick Mode: of several transforms the nearest one counts") {
  TwoHosts hosts;
  hosts.b.cover = [](const CoverQuery& query) {
    auto granted = grant_anything(query);
    granted->transforms = {*Transform::parse("AH-SHA256"), *Transform::parse("ESP-3DES-HMAC-MD5"),
                           *Transform::parse("ESP-AES256-HMAC-SHA256")};
    return granted;
  };
  hosts.start();
  hosts.network.settle();
  both_name(hosts, {"key length", "AES128-CBC", "AES256-CBC"});
}

TEST_CASE("Quick Mode: traffic that no policy covers is named on both sides") {
  TwoHosts hosts;
  const std::string nearest = "policy \"web\" differs in the remote port: it says 24, the peer proposes 23";
  hosts.b.cover = [&](const CoverQuery&) -> Result<Protection> { return Error{ErrorCode::refused, nearest}; };
  hosts.start();
  hosts.network.settle();
  both_name(hosts, {"selector", hosts.b.failures.at(0).offered, nearest});
  CHECK(hosts.b.failures[0].offered.find("10.1.0.1") != std::string::npos);
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
