// What a peer may send that is no honest certificate.
#include <catch2/catch.hpp>
#include <random>

#include "trusts.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
std::vector<Issued> long_chain(const Issued& ca, int length) {
  std::vector<Issued> chain{ca};
  for (int i = 0; i < length; ++i)
    chain.push_back(issue({.subject = "O=Example, CN=Sub" + std::to_string(i), .ca = true}, &chain.back()));
  return chain;
}
}  // namespace

TEST_CASE("a long chain is refused, sent or known", "[pki]") {
  const auto ca = root();
  const auto chain = long_chain(ca, 50);
  const auto host = issue(host_spec(), &chain.back());
  std::vector<Bytes> sent{host.der()};
  pki::TrustContents contents{.anchors = {read(ca)}};
  for (const auto& certificate : chain) {
    sent.push_back(certificate.der());
    contents.intermediates.push_back(read(certificate));
  }
  CHECK(failure_of(judge({.anchors = {read(ca)}}, sent, "10.1.0.1")) == "bad-encoding");
  CHECK(failure_of(judge(contents, {host.der()}, "10.1.0.1")) == "chain-too-long");
  const auto shorter = issue(host_spec(), &chain[8]);
  CHECK(judge(contents, {shorter.der()}, "10.1.0.1").ok());
}

TEST_CASE("CAs that certify each other lead nowhere", "[pki]") {
  const auto ca = root();
  auto a = root("CN=A");
  auto b = root("CN=B");
  const auto a_by_b = issue({.subject = "CN=A", .ca = true, .key = a.key}, &b);
  const auto b_by_a = issue({.subject = "CN=B", .ca = true, .key = b.key}, &a);
  const auto host = issue(host_spec(), &a);
  CHECK(failure_of(judge({.anchors = {read(ca)}}, {host.der(), a_by_b.der(), b_by_a.der()}, "10.1.0.1")) ==
        "unknown-ca");
}

TEST_CASE("somebody's own certificate is no CA, nor is a host's", "[pki]") {
  const auto ca = root();
  CHECK(failure_of(judge({.anchors = {read(ca)}}, {issue(host_spec()).der()}, "10.1.0.1")) == "unknown-ca");
  auto parent = host_spec();
  parent.subject = "CN=parent";
  parent.alternative_names.clear();
  const auto host = issue(parent, &ca);
  const auto child = issue(host_spec(), &host);
  CHECK(failure_of(judge({.anchors = {read(ca)}}, {child.der(), host.der()}, "10.1.0.1")) == "bad-usage");
  const auto limited = issue({.subject = "CN=Limited", .ca = true, .path_length = 0}, &ca);
  const auto below = issue({.subject = "CN=Below", .ca = true}, &limited);
  const auto lowest = issue(host_spec(), &below);
  CHECK(failure_of(judge({.anchors = {read(ca)}}, {lowest.der(), below.der(), limited.der()}, "10.1.0.1")) ==
        "bad-usage");
}

TEST_CASE("a root of the same name with another key is a forgery", "[pki]") {
  const auto ca = root();
  const auto impostor = root();
  const auto host = issue(host_spec(), &impostor);
  const auto verdict = judge({.anchors = {read(ca)}}, {host.der()}, "10.1.0.1");
  CHECK_FALSE(verdict.ok());
  // The authority's key identifier tells them apart; without one the signature does.
  CHECK((failure_of(verdict) == "bad-signature" || failure_of(verdict) == "unknown-ca"));
}

TEST_CASE("name constraints hold without regard to case", "[pki]") {
  const auto ca = root();
  const auto judged = [&](const std::string& constraint, const std::string& names, std::string_view claimed) {
    const auto sub = issue({.subject = "O=Example, CN=Sub", .ca = true, .name_constraints = constraint}, &ca);
    CertificateSpec spec;
    spec.alternative_names = names;
    return failure_of(judge({.anchors = {read(ca)}}, {issue(spec, &sub).der(), sub.der()}, claimed));
  };
  CHECK(judged("permitted;DNS:example.org", "DNS:HOST.Example.ORG", "host.example.org") == "");
  CHECK(judged("permitted;DNS:EXAMPLE.org", "DNS:host.example.net", "host.example.net") == "name-constraint");
  CHECK(judged("excluded;DNS:example.org", "DNS:HOST.EXAMPLE.ORG", "host.example.org") == "name-constraint");
  CHECK(judged("permitted;email:EXAMPLE.org", "email:user@example.ORG", "user@example.org") == "");
  CHECK(judged("excluded;email:example.ORG", "email:user@EXAMPLE.org", "user@example.org") == "name-constraint");
  CHECK(judged("permitted;IP:10.1.0.0/255.255.0.0", "IP:10.2.0.1", "10.2.0.1") == "name-constraint");
}

TEST_CASE("nothing is computed with an absurd key, wherever in the path it is", "[pki]") {
  const auto ca = root();
  for (const auto& [bits, exponent] :
       {std::pair{16U, 3UL}, std::pair{16384U, 65537UL}, std::pair{2048U, 0UL}, std::pair{2048U, 1UL}}) {
    CAPTURE(bits, exponent);
    auto spec = host_spec();
    spec.key = absurd_rsa_key(bits, exponent);
    CHECK(failure_of(judge({.anchors = {read(ca)}}, {issue(spec, &ca).der()}, "10.1.0.1")) == "weak-key");
    // As the key of an intermediate: that one does not count, so there is no path. (It signed nothing; ca did.)
    const auto absurd = issue({.subject = "CN=Absurd", .ca = true, .key = spec.key}, &ca);
    Issued pretended = absurd;
    pretended.key = ca.key;
    const auto below = issue(host_spec(), &pretended);
    CHECK(failure_of(judge({.anchors = {read(ca)}}, {below.der(), absurd.der()}, "10.1.0.1")) == "unknown-ca");
  }
}

TEST_CASE("a list as long as one may be is read and searched in bounded time, and a longer one is not read", "[pki]") {
  const auto ca = root();
  auto spec = host_spec();
  spec.serial = 0x6ffffff0;
  const auto revoked = issue(spec, &ca);
  spec.serial = 0x6ffffff1;
  const auto good = issue(spec, &ca);
  CrlSpec list{.revoked = {0x6ffffff0}};
  for (unsigned long serial = 0x60000000; list.revoked.size() < 600'000; ++serial) list.revoked.push_back(serial);
  const auto der = issue_crl(ca, list);
  REQUIRE(der.size() > pki::crl_bytes_maximum * 3 / 4);
  REQUIRE(der.size() <= pki::crl_bytes_maximum);
  const auto begun = std::chrono::steady_clock::now();
  const auto crl = read_crl(der);
  CHECK(crl.revoked() == list.revoked.size());
  const pki::Trust trust({.anchors = {read(ca)}, .crls = {crl}});
  const auto judged = [&](const Issued& issued) {
    return failure_of(pki::validate(trust, std::vector<Bytes>{issued.der()}, id("10.1.0.1"), {}, pki_now));
  };
  CHECK(judged(revoked) == "revoked");
  CHECK(judged(good) == "");
  CHECK(std::chrono::steady_clock::now() - begun < seconds(20));  // a second or two where nothing else runs
  auto longer = der;
  longer.resize(pki::crl_bytes_maximum + 1);
  const auto refused = pki::Crl::parse(longer);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("at most 16777216") != std::string::npos);
}

TEST_CASE("random and mutated certificates are refused or harmless", "[pki]") {
  const auto ca = root();
  const auto good = issue(host_spec(), &ca).der();
  std::mt19937 random(5);
  const pki::Trust trust({.anchors = {read(ca)}});
  for (int round = 0; round < 400; ++round) {
    auto der = good;
    for (auto changes = 1 + random() % 3; changes > 0; --changes)
      der[random() % der.size()] = static_cast<std::uint8_t>(random());
    const std::vector<Bytes> sent{der};
    const auto verdict = pki::validate(trust, sent, id("10.1.0.1"), {}, pki_now);
    if (der != good) CHECK_FALSE(verdict.ok());
  }
  for (int round = 0; round < 400; ++round) {
    Bytes noise(1 + random() % 200);
    for (auto& byte : noise) byte = static_cast<std::uint8_t>(random());
    CHECK_FALSE(pki::Certificate::parse(noise));
    CHECK_FALSE(pki::Crl::parse(noise));
  }
}
