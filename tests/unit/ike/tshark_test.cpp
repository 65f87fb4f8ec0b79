// What two of ours say to each other, every exchange in every shape, decrypted and judged by tshark: a second opinion
// about each message. (In the system tests the foreign peers' logs tell the keys; between two of ours nothing does.)
#include <catch2/catch.hpp>

#include "support/isakmp_capture.hpp"
#include "support/signing_hosts.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
// Whatever happens to an ISAKMP SA and its SAs after they are there.
void live_and_die(TwoHosts& hosts) {
  hosts.network.advance(seconds(3));
  REQUIRE((hosts.connected() || hosts.connected_through_nat()));
  const auto renewed = std::map(hosts.a.sas);
  for (const auto& [key, sa] : renewed) hosts.a.engine.sa_expired(key, false, hosts.network.now);
  hosts.network.advance(seconds(40));  // the old pair is deleted
  for (const std::uint64_t sent : {1u, 2u}) {
    std::vector<ike::TrafficSample> unanswered;
    for (const auto& [key, sa] : hosts.a.installed)
      unanswered.push_back({key, sa.direction == Direction::in ? 0 : sent});
    hosts.a.engine.traffic(unanswered, hosts.network.now);
    hosts.network.advance(seconds(5));
  }
  hosts.b.engine.shutdown(hosts.network.now);
  hosts.network.settle();
}

const std::vector<std::string> all_kinds{"Quick Mode", "Informational", "Delete", "R-U-THERE", "R-U-THERE-ACK"};
std::vector<std::string> and_all_kinds(std::vector<std::string> kinds) {
  kinds.insert(kinds.end(), all_kinds.begin(), all_kinds.end());
  return kinds;
}

// b takes what a proposes, these transforms and this group for PFS.
void agree(TwoHosts& hosts, const std::string& transforms, std::optional<Group> pfs, Mode mode = Mode::transport) {
  const auto chosen = std::vector{*Transform::parse(transforms)};
  hosts.b.cover = [chosen, pfs](const CoverQuery& query) {
    auto protection = grant_anything(query);
    protection->transforms = chosen;
    protection->pfs = pfs;
    return protection;
  };
  auto protection = usual_protection(hosts.a, hosts.b);
  protection.transforms = chosen;
  protection.pfs = pfs;
  protection.mode = mode;
  hosts.a.engine.acquire(protection, hosts.network.now);
}
}  // namespace

TEST_CASE("tshark decrypts Main Mode with pre-shared keys and all that follows, with each cipher, hash and group") {
  IsakmpCapture capture;
  std::uint64_t seed = 0;
  for (const auto* proposal : {"AES128-SHA256-MODP2048", "AES192-SHA384-MODP1536", "AES256-SHA512-ECP384",
                               "3DES-SHA1-MODP1024", "DES-MD5-MODP768", "AES256-SHA256-CURVE25519",
                               "AES128-SHA1-ECP256", "AES128-SHA256-ECP521", "AES256-SHA384-MODP3072"}) {
    CAPTURE(proposal);
    TwoHosts hosts(++seed);
    auto policy = usual_isakmp_policy();
    policy.proposals = {*IkeProposal::parse(proposal)};
    for (auto* host : {&hosts.a, &hosts.b}) host->engine.configure({policy});
    capture.watch(hosts);
    hosts.start();
    live_and_die(hosts);
    capture.take(hosts);
  }
  CHECK(capture.verdict(and_all_kinds({"Main Mode"})) == 0);
}

TEST_CASE("tshark decrypts Main Mode with certificates, in fragments too, and refusals of them") {
  for (const auto* key : {"RSA:2048", "P-256", "P-384"}) {
    CAPTURE(key);
    IsakmpCapture capture;
    SigningHosts hosts(key);
    capture.watch(hosts);
    SECTION(std::string("they meet ") + key) {
      hosts.start();
      live_and_die(hosts);
      capture.take(hosts);
      CHECK(capture.verdict(and_all_kinds({"Main Mode"})) == 0);
    }
    SECTION(std::string("in fragments ") + key) {
      ike::Limits limits;
      limits.unfragmented = 400;
      SigningHosts cut(key, limits);
      capture.watch(cut);
      cut.start();
      live_and_die(cut);
      const auto fragments = std::count_if(cut.network.sent.begin(), cut.network.sent.end(), [](const auto& sent) {
        return wire::decode_header(sent.bytes)->next_payload == wire::PayloadType::fragment;
      });
      CHECK(fragments >= 4);
      capture.take(cut);
      CHECK(capture.verdict(and_all_kinds({"Main Mode"})) == 0);
    }
    SECTION(std::string("one is not believed ") + key) {
      hosts.a.identity = identity_of(hosts.cert_a, {}, trusting(root("O=Other, CN=Root")));
      hosts.start();
      hosts.network.advance(seconds(40));
      REQUIRE(hosts.absent());
      capture.take(hosts);
      CHECK(capture.verdict({"Main Mode", "Informational"}) == 0);
    }
  }
}

TEST_CASE("tshark decrypts Aggressive Mode and all that follows") {
  IsakmpCapture capture;
  TwoHosts hosts;
  auto policy = usual_isakmp_policy();
  policy.aggressive = true;
  policy.proposals = {*IkeProposal::parse("AES256-SHA512-MODP2048")};
  for (auto* host : {&hosts.a, &hosts.b}) host->engine.configure({policy});
  capture.watch(hosts);
  hosts.start();
  live_and_die(hosts);
  capture.take(hosts);
  CHECK(capture.verdict(and_all_kinds({"Aggressive Mode"})) == 0);
}

TEST_CASE("tshark decrypts Quick Mode for each kind of SA, with PFS and without, in both modes") {
  struct Wanted {
    const char* transforms;
    std::optional<Group> pfs;
    Mode mode = Mode::transport;
  };
  IsakmpCapture capture;
  std::uint64_t seed = 100;
  for (const auto& wanted : std::vector<Wanted>{
           {"AH-SHA256+ESP-AES128/3600/100000", std::nullopt},
           {"AH-SHA256+ESP-AES256-GCM16/3600/0", Group::modp2048},
           {"AH-SHA1", Group::ecp256},
           {"AH-MD5", std::nullopt, Mode::tunnel},
           {"ESP-AES256-GCM16", Group::curve25519},
           {"ESP-CHACHA20-POLY1305", std::nullopt, Mode::tunnel},
           {"ESP-AES128CTR-HMAC-SHA256", Group::ecp521},
           {"ESP-NULL-HMAC-SHA384", Group::modp1536},
           {"ESP-3DES-HMAC-SHA1", std::nullopt},
       }) {
    CAPTURE(wanted.transforms);
    TwoHosts hosts(++seed);
    capture.watch(hosts);
    agree(hosts, wanted.transforms, wanted.pfs, wanted.mode);
    live_and_die(hosts);
    capture.take(hosts);
  }
  CHECK(capture.verdict(and_all_kinds({"Main Mode"})) == 0);
}

TEST_CASE("tshark decrypts what passes address translation") {
  const bool aggressive = GENERATE(false, true);
  IsakmpCapture capture;
  TwoHosts hosts;
  const auto outside = *IpAddress::parse("192.0.2.1");
  hosts.network.nat.emplace("192.0.2.1", std::vector{hosts.a.address});
  hosts.b.keys[outside] = hosts.b.keys[hosts.a.address];
  auto policy = usual_isakmp_policy();
  policy.aggressive = aggressive;
  hosts.a.engine.configure({policy});
  policy.remote_id = Identity::of(hosts.a.address);
  hosts.b.engine.configure({policy});
  capture.watch(hosts);
  hosts.start();
  live_and_die(hosts);
  capture.take(hosts);
  CHECK(capture.verdict(and_all_kinds({aggressive ? "Aggressive Mode" : "Main Mode"})) == 0);
}

TEST_CASE("tshark decrypts refusals, lifetimes that were cut, and what a host says that has forgotten everything") {
  IsakmpCapture capture;
  {
    TwoHosts hosts(201);  // RESPONDER-LIFETIME
    capture.watch(hosts);
    hosts.b.cover = [](const CoverQuery& query) {
      auto granted = grant_anything(query);
      granted->transforms = {*Transform::parse("ESP-AES128-HMAC-SHA256/3600/2000")};
      return granted;
    };
    hosts.start();
    live_and_die(hosts);
    capture.take(hosts);
  }
  {
    TwoHosts hosts(202);  // NO-PROPOSAL-CHOSEN, protected
    capture.watch(hosts);
    hosts.b.cover = [](const CoverQuery& query) {
      auto granted = grant_anything(query);
      granted->transforms = {*Transform::parse("ESP-AES128-HMAC-SHA512")};
      return granted;
    };
    hosts.start();
    hosts.network.advance(seconds(40));
    hosts.b.cover = [](const CoverQuery&) -> Result<Protection> { return Error{ErrorCode::refused, "no"}; };
    hosts.start();  // INVALID-ID-INFORMATION
    hosts.network.advance(seconds(40));
    capture.take(hosts);
  }
  {
    TwoHosts hosts(203);  // NO-PROPOSAL-CHOSEN, in clear
    capture.watch(hosts);
    auto policy = usual_isakmp_policy();
    policy.proposals = {*IkeProposal::parse("AES256-SHA512-ECP384")};
    hosts.b.engine.configure({policy});
    hosts.start();
    hosts.network.advance(seconds(40));
    capture.take(hosts);
  }
  {
    TwoHosts hosts(204);  // INVALID-COOKIE, and INITIAL-CONTACT
    capture.watch(hosts);
    hosts.start();
    hosts.network.advance(seconds(3));
    ike::EngineSnapshot::reset(hosts.b.engine, hosts.b.random, hosts.b);
    hosts.b.engine.configure({usual_isakmp_policy()});
    hosts.b.sas.clear();
    for (const auto& [key, sa] : std::map(hosts.a.sas)) hosts.a.engine.sa_expired(key, false, hosts.network.now);
    hosts.network.advance(seconds(40));
    CHECK(hosts.connected());
    capture.take(hosts);
  }
  CHECK(capture.verdict(and_all_kinds({"Main Mode"})) == 0);
}
