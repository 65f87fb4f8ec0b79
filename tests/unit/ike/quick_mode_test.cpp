#include <algorithm>
#include <catch2/catch.hpp>

#include "support/ike_network.hpp"
#include "wire/vendor_ids.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
Protection with(const TwoHosts& hosts, std::vector<std::string> names) {
  auto protection = usual_protection(hosts.a, hosts.b);
  protection.transforms.clear();
  for (const auto& name : names) protection.transforms.push_back(*Transform::parse(name));
  return protection;
}

// b's policy: these transforms for whatever is proposed.
void let_b_have(TwoHosts& hosts, std::vector<std::string> names, std::optional<Group> pfs = std::nullopt) {
  hosts.b.cover = [names, pfs](const CoverQuery& query) {
    auto protection = grant_anything(query);
    protection->transforms.clear();
    for (const auto& name : names) protection->transforms.push_back(*Transform::parse(name));
    protection->pfs = pfs;
    return protection;
  };
}
}  // namespace

TEST_CASE("every kind of transform ends in equal keys of the right length") {
  const auto [name, sas, encryption, integrity] = GENERATE(table<const char*, int, int, int>({
      {"ESP-AES128-HMAC-SHA256", 2, 16, 32},
      {"ESP-AES256-HMAC-SHA512", 2, 32, 64},
      {"ESP-3DES-HMAC-SHA1", 2, 24, 20},
      {"ESP-NULL-HMAC-SHA384", 2, 0, 48},
      {"ESP-AES256-GCM16", 2, 36, 0},
      {"ESP-CHACHA20-POLY1305", 2, 36, 0},
      {"AH-SHA256", 2, 0, 32},
      {"AH-MD5", 2, 0, 16},
      {"AH-SHA256+ESP-AES128", 4, 16, 0},
      {"ESP-AES128CTR-HMAC-SHA256", 2, 20, 32},
  }));
  CAPTURE(name);
  TwoHosts hosts;
  let_b_have(hosts, {name});
  hosts.a.engine.acquire(with(hosts, {name}), hosts.network.now);
  hosts.network.settle();
  CHECK(hosts.connected());
  CHECK(hosts.a.sas.size() == static_cast<std::size_t>(sas));
  for (const auto& [key, sa] : hosts.a.installed) {
    if (sas == 4 && key.protocol == SaProtocol::ah) continue;
    CHECK(sa.encryption_key.size() == static_cast<std::size_t>(encryption));
    CHECK(sa.integrity_key.size() == static_cast<std::size_t>(integrity));
  }
}

TEST_CASE("the first transform of the initiator that the responder has too is taken") {
  TwoHosts hosts;
  let_b_have(hosts, {"AH-SHA1", "ESP-AES256-GCM16", "ESP-AES128-HMAC-SHA256"});
  hosts.a.engine.acquire(with(hosts, {"ESP-CHACHA20-POLY1305", "ESP-AES128-HMAC-SHA256", "ESP-AES256-GCM16"}),
                         hosts.network.now);
  hosts.network.settle();
  CHECK(hosts.connected());
  CHECK(hosts.a.installed.begin()->second.integrity == Integrity::hmac_sha256);
}

TEST_CASE("two of ours use 64-bit sequence numbers; others are not asked to") {
  TwoHosts hosts;
  SECTION("both of ours") {
    hosts.start();
    hosts.network.settle();
    REQUIRE(hosts.connected());
    for (const auto* host : {&hosts.a, &hosts.b})
      for (const auto& [key, sa] : host->installed) CHECK(sa.extended_sequence);
  }
  SECTION("a peer that has not announced them") {
    hosts.network.wire = [](std::size_t number, const ike::Datagram& sent) {
      auto bytes = sent.bytes;
      const auto id = wire::vendor_id_of(wire::Feature::extended_sequence);
      const auto at = std::search(bytes.begin(), bytes.end(), id.begin(), id.end());
      if (number == 0 && at != bytes.end()) *at ^= 1;
      return std::vector<std::pair<Duration, Bytes>>{{Duration(5), bytes}};
    };
    hosts.start();
    hosts.network.settle();
    REQUIRE(hosts.connected());
    CHECK_FALSE(hosts.a.installed.begin()->second.extended_sequence);
    CHECK_FALSE(hosts.b.installed.begin()->second.extended_sequence);
  }
}

TEST_CASE("the commit bit is tolerated") {
  TwoHosts hosts;
  hosts.network.wire = [](std::size_t, const ike::Datagram& sent) {
    auto bytes = sent.bytes;
    constexpr std::size_t flags_at = 19;
    if (bytes[18] == static_cast<std::uint8_t>(wire::ExchangeType::quick_mode)) bytes[flags_at] |= wire::flags::commit;
    return std::vector<std::pair<Duration, Bytes>>{{Duration(5), bytes}};
  };
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.connected());
}

TEST_CASE("perfect forward secrecy") {
  TwoHosts hosts;
  let_b_have(hosts, {"ESP-AES128-HMAC-SHA256"}, Group::ecp256);
  auto protection = with(hosts, {"ESP-AES128-HMAC-SHA256"});
  SECTION("both want the same group") {
    protection.pfs = Group::ecp256;
    hosts.a.engine.acquire(protection, hosts.network.now);
    hosts.network.settle();
    CHECK(hosts.connected());
  }
  SECTION("only the responder wants it: refused, and the record says so") {
    hosts.a.engine.acquire(protection, hosts.network.now);
    hosts.network.settle();
    CHECK_FALSE(hosts.connected());
    REQUIRE(hosts.b.failures.size() == 1);
    CHECK(hosts.b.failures[0].differs == "pfs");
    CHECK(hosts.b.failures[0].wanted == "ECP256");
    REQUIRE(hosts.a.failures.size() == 1);  // told at once, protected: no timeout to wait for
    CHECK(hosts.a.failures[0].reason == "no-proposal-chosen");
    CHECK(hosts.a.engine.isakmp_sas(hosts.network.now).size() == 1);
  }
  SECTION("a group nobody asked for is no reason to refuse") {
    let_b_have(hosts, {"ESP-AES128-HMAC-SHA256"});
    protection.pfs = Group::curve25519;
    hosts.a.engine.acquire(protection, hosts.network.now);
    hosts.network.settle();
    CHECK(hosts.connected());
  }
}

TEST_CASE("a transform mismatch leaves the ISAKMP SA and names the attribute") {
  TwoHosts hosts;
  let_b_have(hosts, {"ESP-AES128-HMAC-SHA512"});
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.a.sas.empty());
  CHECK(hosts.a.engine.isakmp_sas(hosts.network.now).size() == 1);
  REQUIRE(hosts.b.failures.size() == 1);
  CHECK(hosts.b.failures[0].differs == "authentication");
  CHECK(hosts.b.failures[0].offered == "HMAC-SHA256");
  CHECK(hosts.b.failures[0].wanted == "HMAC-SHA512");
}

TEST_CASE("traffic that no policy of the responder covers is refused, with the reason on both sides") {
  TwoHosts hosts;
  hosts.b.cover = [](const CoverQuery&) -> Result<Protection> {
    return Error{ErrorCode::refused, "nearest policy \"web\", differs in protocol"};
  };
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.a.sas.empty());
  CHECK(hosts.b.audit_text("no-policy-for-peer").find("web") != std::string::npos);
  REQUIRE(hosts.a.failures.size() == 1);
  CHECK(hosts.a.failures[0].reason == "invalid-id-information");
}

TEST_CASE("the same protection asked for again while it is negotiated makes one pair") {
  TwoHosts hosts;
  for (int i = 0; i < 10; ++i) hosts.start();
  hosts.network.settle();
  hosts.start();  // and once more: an ACQUIRE that was late
  CHECK(hosts.a.sas.size() == 2);
}

TEST_CASE("several Quick Modes share one ISAKMP SA, and max_quick_modes 1 gives each its own") {
  const std::uint32_t maximum = GENERATE(1u, 100u);
  TwoHosts hosts;
  auto policy = usual_isakmp_policy();
  policy.max_quick_modes = maximum;
  hosts.a.engine.configure({policy});
  hosts.b.engine.configure({policy});
  std::size_t main_modes = 0;
  for (std::uint16_t port = 1; port <= 3; ++port) {
    auto protection = usual_protection(hosts.a, hosts.b);
    protection.selector.protocol = IpProtocol::tcp;
    protection.selector.destination_port = PortRange::one(port);
    hosts.a.engine.acquire(protection, hosts.network.now);
    hosts.network.advance(seconds(5));
  }
  for (const auto& record : hosts.a.records) main_modes += record.event == "mm-complete" ? 1 : 0;
  CHECK(main_modes == (maximum == 1 ? 3 : 1));
  CHECK(hosts.connected());
  CHECK(hosts.a.sas.size() == 6);
  CHECK(hosts.a.engine.isakmp_sas(hosts.network.now).size() == 1);  // the last one stays, for what follows
}

TEST_CASE("finished Quick Modes, which answer repetitions for a minute, are not in the way of new ones") {
  TwoHosts hosts;
  auto policy = usual_isakmp_policy();
  policy.max_quick_modes = 10'000;
  for (auto* host : {&hosts.a, &hosts.b}) host->engine.configure({policy});
  hosts.start();
  hosts.network.settle();
  for (int i = 0; i < 1300; ++i) {
    auto protection = usual_protection(hosts.a, hosts.b);
    protection.selector.protocol = IpProtocol::udp;
    protection.selector.source_port = PortRange::one(static_cast<std::uint16_t>(1000 + i));
    hosts.a.engine.acquire(protection, hosts.network.now);
    hosts.network.advance(milliseconds(20));
    REQUIRE(hosts.a.pairs() == static_cast<std::size_t>(i + 2));
  }
  hosts.network.advance(seconds(2));
  CHECK(hosts.b.pairs() == 1301);
  CHECK(hosts.b.failures.empty());
  CHECK(hosts.a.engine.counters().isakmp_sas == 1);
  CHECK_FALSE(hosts.b.has_audit("unexpected-message"));
}

TEST_CASE("a kernel that refuses an SA: nothing is left, the peer is told, the failure is kept") {
  TwoHosts hosts;
  hosts.a.kernel_refuses = true;
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.a.pairs() == 0);
  CHECK(hosts.b.pairs() == 0);
  CHECK(hosts.b.sas.empty());
  REQUIRE_FALSE(hosts.a.failures.empty());
  CHECK(hosts.a.failures[0].reason == "kernel-refused");
}

TEST_CASE("both hosts start at once: at the end there is one pair, the same on both") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    TwoHosts hosts(seed);
    hosts.a.engine.acquire(usual_protection(hosts.a, hosts.b), hosts.network.now);
    hosts.b.engine.acquire(usual_protection(hosts.b, hosts.a), hosts.network.now);
    hosts.network.advance(seconds(30));
    CHECK(hosts.connected());
    CHECK(hosts.a.sas.size() == 2);
  }
}

TEST_CASE("all records of a negotiation have one correlation, at each end its own") {
  TwoHosts hosts;
  const auto wanted = with(hosts, {"ESP-AES128-HMAC-SHA256"});
  hosts.a.engine.acquire(wanted, hosts.network.now);
  const auto correlation = hosts.a.engine.correlation_of(wanted);
  REQUIRE(correlation.size() == 16);
  hosts.network.settle();
  REQUIRE(hosts.connected());
  CHECK(hosts.a.engine.correlation_of(wanted).empty());
  hosts.a.engine.delete_peer(hosts.b.address, hosts.network.now);
  hosts.network.settle();
  for (const auto* host : {&hosts.a, &hosts.b}) {
    CAPTURE(host->name);
    REQUIRE(host->has_audit("qm-complete"));
    REQUIRE(host->has_audit("sa-deleted"));
    for (const auto& record : host->records) {
      CAPTURE(record.event);
      CHECK(record.correlation == host->records.front().correlation);
    }
  }
  CHECK(hosts.a.records.front().correlation == correlation);
}
