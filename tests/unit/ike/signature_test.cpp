// Main Mode with certificates (RFC 2409, 5.1; RFC 4754), both roles.
#include <catch2/catch.hpp>

#include "ike/authentication.hpp"
#include "support/engine_snapshot.hpp"
#include "support/signing_hosts.hpp"
#include "wire/message.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;
using Arrivals = std::vector<std::pair<Duration, Bytes>>;

TEST_CASE("two hosts prove themselves by signatures, with each kind of key") {
  const auto* key = GENERATE("RSA:2048", "P-256", "P-384", "P-521");
  CAPTURE(key);
  SigningHosts hosts(key);
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.connected());
  REQUIRE(hosts.a.engine.isakmp_sas(hosts.network.now).size() == 1);
  const auto shown = hosts.a.engine.isakmp_sas(hosts.network.now)[0];
  CHECK(shown.authentication_method == to_string(hosts.policy.authentication));
  CHECK(hosts.a.failures.empty());
  CHECK(hosts.b.failures.empty());
}

TEST_CASE("different kinds of keys cannot meet, and the method is named") {
  SigningHosts hosts("P-256");
  hosts.show(issue({.subject = "O=Example, CN=b", .alternative_names = "IP:10.1.0.2", .key = test_key("P-384", 2)},
                   &hosts.ca));
  hosts.start();
  hosts.network.advance(seconds(40));
  CHECK(hosts.absent());
  REQUIRE(hosts.b.failures.size() == 1);
  CHECK(hosts.b.failures[0].differs == "authentication");
  CHECK(hosts.b.failures[0].offered == "ecdsa-256");
  CHECK(hosts.b.failures[0].wanted == "ecdsa-384");
}

TEST_CASE("an intermediate CA goes along, in fragments where the message is long") {
  SigningHosts hosts("RSA:2048");
  const auto between = issue({.subject = "O=Example, CN=Between", .ca = true}, &hosts.ca);
  const auto leaf = issue(
      {.subject = "O=Example, CN=b", .alternative_names = "IP:10.1.0.2", .key = test_key("RSA:2048", 2)}, &between);
  SECTION("sent") {
    hosts.b.identity = identity_of(leaf, {between}, trusting(hosts.ca));
    hosts.start();
    hosts.network.settle();
    CHECK(hosts.connected());
    const bool fragmented = std::any_of(hosts.network.sent.begin(), hosts.network.sent.end(), [](const auto& sent) {
      return wire::decode_header(sent.bytes)->next_payload == wire::PayloadType::fragment;
    });
    CHECK(fragmented);
  }
  SECTION("not sent and not known") {
    hosts.show(leaf);
    hosts.start();
    hosts.network.advance(seconds(70));
    CHECK(hosts.absent());
    CHECK(hosts.a.has_audit("cert-unknown-ca"));
  }
}

TEST_CASE("what is wrong with a certificate is recorded on both sides, and nothing is left") {
  struct Row {
    const char* event;
    const char* reason;
    const char* told;  // to the other side
    std::function<void(SigningHosts&)> spoil;
  };
  const auto b = [](SigningHosts& hosts, CertificateSpec spec) {
    spec.subject = "O=Example, CN=b";
    spec.key = test_key("P-256", 2);
    if (spec.alternative_names.empty()) spec.alternative_names = "IP:10.1.0.2";
    return issue(spec, &hosts.ca);
  };
  const std::vector<Row> rows{
      {"cert-unknown-ca", "certificate-unknown-ca", "invalid-cert-authority",
       [](SigningHosts& hosts) {
         hosts.a.identity = identity_of(hosts.cert_a, {}, trusting(root("O=Other, CN=Root")));
       }},
      {"cert-identity-mismatch", "certificate-identity-mismatch", "authentication-failed",
       [&](SigningHosts& hosts) { hosts.show(b(hosts, {.alternative_names = "IP:10.1.0.77"})); }},
      {"cert-revoked", "certificate-revoked", "invalid-certificate",
       [](SigningHosts& hosts) {
         auto trust = trusting(hosts.ca);
         trust.crls = {*pki::Crl::parse(issue_crl(hosts.ca, {.revoked = {serial_of(hosts.cert_b)}}))};
         hosts.a.identity = identity_of(hosts.cert_a, {}, trust);
       }},
      {"crl-unavailable", "certificate-crl-unavailable", "invalid-certificate",
       [](SigningHosts& hosts) {
         auto trust = trusting(hosts.ca);
         trust.revocation = pki::Revocation::strict;
         hosts.a.identity = identity_of(hosts.cert_a, {}, trust);
       }},
      {"cert-weak", "certificate-weak-digest", "invalid-certificate",
       [&](SigningHosts& hosts) { hosts.show(b(hosts, {.digest = "SHA1"})); }},
  };
  const bool as_initiator = GENERATE(true, false);  // the side that judges
  for (const auto& row : rows) {
    CAPTURE(row.event, as_initiator);
    SigningHosts hosts;
    row.spoil(hosts);
    auto& asks = as_initiator ? hosts.a : hosts.b;
    auto& answers = as_initiator ? hosts.b : hosts.a;
    asks.engine.acquire(usual_protection(asks, answers), hosts.network.now);
    hosts.network.settle();  // at once: nobody waits for a timeout
    CHECK(hosts.absent());
    CHECK(hosts.a.has_audit(row.event));
    REQUIRE(hosts.a.failures.size() == 1);
    CHECK(hosts.a.failures[0].reason == row.reason);
    CHECK(hosts.a.failures[0].phase == "main");
    REQUIRE(hosts.b.failures.size() == 1);
    CHECK(hosts.b.failures[0].reason == row.told);
    CHECK(hosts.b.failures[0].differs == hosts.a.failures[0].differs);
    CHECK(hosts.a.engine.counters().negotiating == 0);
    CHECK(hosts.b.engine.counters().negotiating == 0);
  }
}

TEST_CASE("a peer that is taken though its CA has no CRL is recorded by both, one that is on no list is not") {
  const bool listed = GENERATE(false, true);
  SigningHosts hosts;
  if (listed) {
    auto trust = trusting(hosts.ca);
    trust.crls = {pki::Crl::parse(issue_crl(hosts.ca)).value()};
    hosts.a.identity = identity_of(hosts.cert_a, {}, trust);
    hosts.b.identity = identity_of(hosts.cert_b, {}, trust);
  }
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.connected());
  CHECK(hosts.a.has_audit("crl-tolerated") == !listed);
  CHECK(hosts.b.has_audit("crl-tolerated") == !listed);
}

TEST_CASE("an identity mismatch shows both strings") {
  SigningHosts hosts;
  hosts.policy.remote_id = *Identity::parse("other.example");
  hosts.a.engine.configure({hosts.policy});
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.absent());
  REQUIRE(hosts.a.failures.size() == 1);
  CHECK(hosts.a.failures[0].differs == "identity");
  CHECK(hosts.a.failures[0].wanted == "other.example");
  CHECK(hosts.a.failures[0].text.find("other.example") != std::string::npos);
  CHECK(hosts.a.failures[0].text.find("10.1.0.2") != std::string::npos);
}

TEST_CASE("each kind of identity is taken when it stands in the certificate") {
  const auto* id = GENERATE("10.1.0.2", "b.example", "root@b.example", "O=Example, CN=b");
  CAPTURE(id);
  SigningHosts hosts;
  hosts.show(issue({.subject = "O=Example, CN=b",
                    .alternative_names = "IP:10.1.0.2,DNS:b.example,email:root@b.example",
                    .key = test_key("P-256", 2)},
                   &hosts.ca));
  hosts.policy.remote_id = *Identity::parse(id);
  hosts.a.engine.configure({hosts.policy});
  hosts.policy.remote_id.reset();
  SECTION("and it is claimed") { hosts.policy.local_id = *Identity::parse(id); }
  SECTION("and another name of the same certificate is claimed") {}
  hosts.b.engine.configure({hosts.policy});
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.connected());
}

TEST_CASE("a certificate without the address says its subject, and the policy must expect that") {
  SigningHosts hosts;
  hosts.show(issue({.subject = "O=Example, CN=b", .key = test_key("P-256", 2)}, &hosts.ca));
  const bool expected = GENERATE(true, false);
  if (expected) hosts.policy.remote_id = *Identity::parse("O=Example, CN=b");
  hosts.a.engine.configure({hosts.policy});
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.connected() == expected);
}

TEST_CASE("no certificate of our own: the side that lacks it says so, as initiator and as responder") {
  SigningHosts hosts;
  auto& lacking = GENERATE(true, false) ? hosts.a : hosts.b;
  lacking.identity = std::make_shared<const pki::Credentials>(pki::Credentials{{}, lacking.identity->trust});
  hosts.start();
  hosts.network.advance(seconds(40));
  CHECK(hosts.absent());
  REQUIRE(lacking.failures.size() == 1);
  CHECK(lacking.failures[0].reason == "no-local-certificate");
  CHECK(lacking.failures[0].text.starts_with("No local certificate available"));
  if (&lacking == &hosts.b) {
    REQUIRE(hosts.a.failures.size() == 1);
    CHECK(hosts.a.failures[0].reason == "certificate-unavailable");
  }
}

TEST_CASE("an own certificate that has ended, or is of tomorrow, is named as what is lacking") {
  SigningHosts hosts;
  const bool ended = GENERATE(true, false);
  constexpr Duration day = std::chrono::hours(24);
  const auto own = issue({.subject = "O=Example, CN=a",
                          .alternative_names = "IP:10.1.0.1",
                          .from = ended ? -2 * day : day,
                          .until = ended ? -day : 2 * day,
                          .key = test_key("P-256", 1)},
                         &hosts.ca);
  hosts.a.identity = identity_of(own, {}, trusting(hosts.ca));
  hosts.start();
  hosts.network.settle();
  REQUIRE(hosts.a.failures.size() == 1);
  CHECK(hosts.a.failures[0].reason == "no-local-certificate");
  CHECK(hosts.a.failures[0].text ==
        "No local certificate available for the peer 10.1.0.2: the certificate \"own\" (O=Example, CN=a) " +
            std::string(ended ? "has expired at 2025-12-31T00:00:00.000Z"
                              : "is not valid before 2026-01-02T00:00:00.000Z"));
}

TEST_CASE("a signature by another key than the certificate's is refused, and shows nothing but that") {
  SigningHosts hosts;
  auto wrong = hosts.cert_b;
  wrong.key = test_key("P-256", 9);
  hosts.show(wrong);
  hosts.start();
  hosts.network.advance(seconds(140));
  CHECK(hosts.a.sas.empty());
  CHECK(hosts.a.engine.isakmp_sas(hosts.network.now).empty());
  REQUIRE_FALSE(hosts.a.failures.empty());
  CHECK(hosts.a.failures[0].reason == "authentication-failed");
  CHECK(hosts.a.audit_text("auth-failed").find("signature") != std::string::npos);
}

TEST_CASE("each message of a signature negotiation may be lost once, or come twice") {
  const auto victim = static_cast<std::size_t>(GENERATE(range(0, 9)));
  const bool lost = GENERATE(true, false);
  SigningHosts hosts;
  hosts.network.job_time = Duration(20);  // repetitions come while signatures are made and verified
  hosts.network.wire = [&](std::size_t number, const ike::Datagram& sent) -> Arrivals {
    if (number != victim) return {{Duration(5), sent.bytes}};
    if (lost) return {};
    return {{Duration(5), sent.bytes}, {Duration(7), sent.bytes}};
  };
  hosts.start();
  hosts.network.advance(seconds(30));
  CAPTURE(victim, lost);
  CHECK(hosts.connected());
  CHECK(hosts.network.sent.size() < 16);  // no ping-pong of repeated messages
}

TEST_CASE("a changed copy of a proof that comes first does no harm") {
  const auto victim = static_cast<std::size_t>(GENERATE(4, 5));  // messages 5 and 6
  SigningHosts probe;
  probe.start();
  probe.network.settle();
  const auto length = probe.network.sent.at(victim).bytes.size();
  for (std::size_t at = wire::header_size; at < length; at += 23) {
    CAPTURE(victim, at);
    SigningHosts hosts;
    hosts.network.job_time = Duration(2);
    hosts.network.wire = [&](std::size_t number, const ike::Datagram& sent) {
      Arrivals arrivals;
      if (number == victim) {
        auto changed = sent.bytes;
        changed[std::min(at, changed.size() - 1)] ^= 0x41;
        arrivals.emplace_back(Duration(1), std::move(changed));
      }
      arrivals.emplace_back(Duration(5), sent.bytes);
      return arrivals;
    };
    hosts.start();
    hosts.network.advance(seconds(70));
    hosts.start();
    hosts.network.advance(seconds(70));
    REQUIRE(hosts.connected());
  }
}

TEST_CASE("crossed negotiations by certificates end with one pair") {
  SigningHosts hosts;
  hosts.network.job_time = Duration(3);
  hosts.a.engine.acquire(usual_protection(hosts.a, hosts.b), hosts.network.now);
  hosts.b.engine.acquire(usual_protection(hosts.b, hosts.a), hosts.network.now);
  hosts.network.advance(seconds(60));
  CHECK(hosts.connected());
  CHECK(hosts.a.pairs() == 1);
  CHECK(hosts.b.pairs() == 1);
}

TEST_CASE("a certificate that the peer does not send, known here, is taken") {
  SigningHosts hosts;
  ike::VerifyJob job;
  auto contents = trusting(hosts.ca);
  contents.known = {certificate_of(hosts.cert_b)};
  job.trust = std::make_shared<const pki::Trust>(contents);
  job.claimed = *Identity::parse("10.1.0.2");
  job.expected = job.claimed;
  job.key = pki::PublicKeyKind::ecdsa256;
  job.hash = Bytes(32, 7);
  job.signature = *pki::PrivateKey::parse(hosts.cert_b.key_der())->sign_hash(job.hash);
  const auto verify = [&] { return ike::judge(std::get<ike::VerifyOutcome>(*ike::perform(job, wall_time))); };
  CHECK_FALSE(verify());
  SECTION("what came wrapped in PKCS#7 is taken as well") {
    job.trust = std::make_shared<const pki::Trust>(trusting(hosts.ca));
    job.sent = {{wire::encoding::pkcs7, pkcs7({hosts.cert_b})}};
    CHECK_FALSE(verify());
  }
  SECTION("a CRL among the certificates is left out") {
    job.sent = {{wire::encoding::crl, issue_crl(hosts.ca)}};
    CHECK_FALSE(verify());
  }
  SECTION("garbage is no certificate") {
    const auto encoding = static_cast<std::uint8_t>(GENERATE(1, 4));
    job.trust = std::make_shared<const pki::Trust>(trusting(hosts.ca));
    job.sent = {{encoding, Bytes(100, 0x30)}};
    const auto refusal = verify();
    REQUIRE(refusal);
    CHECK_FALSE(refusal->fatal);
  }
  SECTION("with another kind of key than the method's it is refused") {
    job.key = pki::PublicKeyKind::rsa;
    REQUIRE(verify());
  }
}

TEST_CASE("after a failure by certificates both sides can go back to pre-shared keys") {
  SigningHosts hosts;
  hosts.a.identity = identity_of(hosts.cert_a, {}, trusting(root("O=Other, CN=Root")));
  hosts.start();
  hosts.network.settle();
  REQUIRE(hosts.absent());
  hosts.policy.authentication = AuthenticationMethod::psk;
  hosts.configure();
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.connected());
}

namespace {
// b has two certificates: its usual one, and a second one of another CA.
struct TwoCertificates : SigningHosts {
  explicit TwoCertificates(const std::string& second_names = "IP:10.1.0.2") {
    other_cert = issue({.subject = "O=Example, CN=b2",
                        .alternative_names = second_names,
                        .until = std::chrono::hours(24 * 30),
                        .key = test_key("P-256", 3)},
                       &other);
    auto made = *b.identity;
    made.own.push_back({"second", certificate_of(other_cert), {}, *pki::PrivateKey::parse(other_cert.key_der())});
    b.identity = std::make_shared<const pki::Credentials>(std::move(made));
  }
  // Whom a believes; what it asks for.
  void a_trusts(const std::vector<Issued>& cas) {
    pki::TrustContents trust;
    for (const auto& each : cas) trust.anchors.push_back(certificate_of(each));
    a.identity = identity_of(cert_a, {}, std::move(trust));
  }
  Issued other = root("O=Other, CN=Root");
  Issued other_cert;
};
}  // namespace

TEST_CASE("the peer gets a certificate of the CA that it asks for, in both roles") {
  TwoCertificates hosts;
  const bool other = GENERATE(true, false), as_initiator = GENERATE(true, false);
  CAPTURE(other, as_initiator);
  hosts.a_trusts({other ? hosts.other : hosts.ca});
  if (as_initiator)
    hosts.b.engine.acquire(usual_protection(hosts.b, hosts.a), hosts.network.now);
  else
    hosts.start();
  hosts.network.settle();
  CHECK(hosts.connected());
  CHECK(hosts.b.failures.empty());
}

TEST_CASE("also where only another certificate has our address, and the policy leaves the name open") {
  TwoCertificates hosts("DNS:b.example");
  hosts.a_trusts({hosts.other});
  hosts.policy.remote_id = *Identity::parse("O=Example, CN=b2");
  hosts.a.engine.configure({hosts.policy});
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.connected());
}

TEST_CASE("who asks for several CAs, or for any, gets the certificate that it would get without asking") {
  TwoCertificates hosts;
  const auto name_of = [](const Issued& ca) { return certificate_of(ca).subject_der(); };
  const auto chosen = [&](std::vector<Bytes> authorities) {
    return ike::choose_own(hosts.b.identity, hosts.policy, hosts.b.address, wall_time, {std::move(authorities), {}})
        .value()
        ->name;
  };
  CHECK(chosen({}) == "own");
  CHECK(chosen({name_of(hosts.other), name_of(hosts.ca)}) == "own");
  CHECK(chosen({name_of(hosts.other)}) == "second");
  std::vector<Issued> trusted{hosts.ca};
  for (int i = 0; i < 10; ++i) trusted.push_back(root("CN=Root" + std::to_string(i)));  // too many to name
  hosts.a_trusts(trusted);
  hosts.start();
  hosts.network.settle();
  CHECK(hosts.connected());
}

TEST_CASE("who asks for a CA that none of ours is from gets ours all the same, and a refusal names both") {
  SigningHosts hosts;
  hosts.a.identity = identity_of(hosts.cert_a, {}, trusting(root("O=Other, CN=Root")));
  const bool as_initiator = GENERATE(true, false);
  if (as_initiator)
    hosts.b.engine.acquire(usual_protection(hosts.b, hosts.a), hosts.network.now);
  else
    hosts.start();
  hosts.network.settle();
  CHECK(hosts.absent());
  REQUIRE(hosts.b.failures.size() == 1);
  CHECK(hosts.b.failures[0].differs == "certificate");
  CAPTURE(hosts.b.failures[0].text);
  CHECK(hosts.b.failures[0].text.find(
            "the peer asks for certificates of O=Other, CN=Root, ours is from O=Example, CN=Root") !=
        std::string::npos);
}

TEST_CASE("CERTREQ payloads that are nonsense or too many change nothing") {
  TwoCertificates hosts;
  const auto usual = ike::choose_own(hosts.b.identity, hosts.policy, hosts.b.address, wall_time);
  REQUIRE(usual);
  std::vector<Bytes> nonsense{Bytes(3000, 0x30), {0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, {0}};
  for (int i = 0; i < 200; ++i) nonsense.push_back(Bytes(5, static_cast<std::uint8_t>(i)));
  const auto chosen = ike::choose_own(hosts.b.identity, hosts.policy, hosts.b.address, wall_time, {nonsense, {}});
  REQUIRE(chosen);
  CHECK((*chosen)->name == (*usual)->name);
  const auto text = ike::unwanted_text(**chosen, nonsense);
  CHECK(text.find("and 200 more, ours is from O=Example, CN=Root") != std::string::npos);
}

TEST_CASE("a negotiation outlives a verification that takes three seconds, in either role") {
  SigningHosts hosts;
  hosts.network.job_time_of = [](const ike::Job& job) {
    return std::holds_alternative<ike::VerifyJob>(job) ? Duration(seconds(3)) : Duration{};
  };
  hosts.start();
  hosts.network.advance(seconds(12));
  CHECK(hosts.connected());
  CHECK(hosts.network.sent.size() < 24);
  CHECK(hosts.a.failures.empty());
  CHECK(hosts.b.failures.empty());
}
