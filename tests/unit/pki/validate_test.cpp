#include "pki/validate.hpp"

#include <catch2/catch.hpp>

#include "trusts.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;
using pki::StepKind;

TEST_CASE("a good certificate passes every step", "[pki]") {
  const auto ca = root();
  const auto host = issue(host_spec(), &ca);
  for (const auto* claimed : {"10.1.0.1", "host.example", "user@HOST.example", "O=Example, CN=host"}) {
    const auto verdict = judge({.anchors = {read(ca)}}, {host.der()}, claimed);
    CHECK(failure_of(verdict).empty());
    REQUIRE(verdict.leaf);
    CHECK(verdict.leaf->subject() == "O=Example, CN=host");
    CHECK(verdict.steps.size() == 8);
    for (const auto& step : verdict.steps) CHECK(step.ok);
  }
}

TEST_CASE("intermediates come from the peer in any order, or are known here", "[pki]") {
  const auto ca = root();
  const auto middle = issue({.subject = "O=Example, CN=Sub", .ca = true}, &ca);
  const auto host = issue(host_spec(), &middle);
  CHECK(judge({.anchors = {read(ca)}}, {middle.der(), host.der()}, "10.1.0.1").ok());
  CHECK(judge({.anchors = {read(ca)}}, {host.der(), ca.der(), middle.der()}, "10.1.0.1").ok());
  CHECK(judge({.anchors = {read(ca)}, .intermediates = {read(middle)}}, {host.der()}, "10.1.0.1").ok());
  CHECK(failure_of(judge({.anchors = {read(ca)}}, {host.der()}, "10.1.0.1")) == "unknown-ca");
  // An intermediate that only the peer vouches for is no anchor.
  CHECK(failure_of(judge({}, {host.der(), middle.der(), ca.der()}, "10.1.0.1")) == "unknown-ca");
}

TEST_CASE("a certificate that the peer does not send is found here by its name", "[pki]") {
  const auto ca = root();
  auto old = host_spec();
  old.until = -std::chrono::hours(1);
  const auto verdict = judge({.anchors = {read(ca)}, .known = {read(issue(old, &ca)), read(issue(host_spec(), &ca))}},
                             {}, "HOST.example");
  CHECK(verdict.ok());
  const auto none = judge({.anchors = {read(ca)}}, {}, "10.1.0.1");
  CHECK(failure_of(none) == "no-certificate");
  CHECK_FALSE(none.leaf);
}

TEST_CASE("the path's dates count", "[pki]") {
  const auto ca = root();
  const auto host = issue(host_spec(), &ca);
  const auto late =
      judge({.anchors = {read(ca)}}, {host.der()}, "10.1.0.1", {}, pki_now + std::chrono::hours(24 * 366));
  CHECK(failure_of(late) == "expired");
  CHECK(late.failure->text.find("expired at 2027-01-01T00:00:00Z") != std::string::npos);
  CHECK(late.leaf);
  const auto early = judge({.anchors = {read(ca)}}, {host.der()}, "10.1.0.1", {}, pki_now - std::chrono::hours(48));
  CHECK(failure_of(early) == "not-yet-valid");
}

TEST_CASE("revocation names serial and date of the list", "[pki]") {
  const auto ca = root();
  const auto host = issue(host_spec(), &ca);
  const auto with = [&](const CrlSpec& crl, pki::Revocation revocation) {
    return judge({.anchors = {read(ca)}, .crls = {read_crl(issue_crl(ca, crl))}, .revocation = revocation},
                 {host.der()}, "10.1.0.1");
  };
  for (const auto revocation : {pki::Revocation::tolerant, pki::Revocation::strict}) {
    const auto verdict = with({.revoked = {1, serial_of(host), 9}}, revocation);
    CHECK(failure_of(verdict) == "revoked");
    CHECK(verdict.failure->text.find(read(host).serial()) != std::string::npos);
    CHECK(verdict.failure->text.find("2025-12-31T23:00:00Z") != std::string::npos);
    CHECK(with({.revoked = {1, 9}}, revocation).ok());
  }
  // A list that is out of date still revokes; it clears nobody where revocation is strict.
  const CrlSpec stale{.revoked = {serial_of(host)}, .from = -std::chrono::hours(9), .until = -std::chrono::hours(1)};
  CHECK(failure_of(with(stale, pki::Revocation::tolerant)) == "revoked");
  const CrlSpec stale_without{.revoked = {}, .from = -std::chrono::hours(9), .until = -std::chrono::hours(1)};
  CHECK(failure_of(with(stale_without, pki::Revocation::strict)) == "crl-unavailable");
  CHECK(with(stale_without, pki::Revocation::tolerant).ok());
}

TEST_CASE("without a list a strict host refuses, a tolerant one says so", "[pki]") {
  const auto ca = root();
  const auto host = issue(host_spec(), &ca);
  const auto strict = judge({.anchors = {read(ca)}, .revocation = pki::Revocation::strict}, {host.der()}, "10.1.0.1");
  CHECK(failure_of(strict) == "crl-unavailable");
  const auto tolerant = judge({.anchors = {read(ca)}}, {host.der()}, "10.1.0.1");
  CHECK(tolerant.ok());
  CHECK(step_of(tolerant, StepKind::revocation)->text == "no CRL of O=Example, CN=Root (revocation: tolerant)");
  CHECK(tolerant.unchecked == "no CRL of O=Example, CN=Root (revocation: tolerant)");
  CHECK(strict.unchecked.empty());
}

TEST_CASE("a list that somebody else signed revokes nobody", "[pki]") {
  const auto ca = root();
  const auto impostor = root();  // of the same name
  const auto host = issue(host_spec(), &ca);
  const auto forged = read_crl(issue_crl(impostor, {.revoked = {serial_of(host)}}));
  const auto strict =
      judge({.anchors = {read(ca)}, .crls = {forged}, .revocation = pki::Revocation::strict}, {host.der()}, "10.1.0.1");
  CHECK(failure_of(strict) == "crl-unavailable");
}

TEST_CASE("an OCSP answer stands for the list of the certificate's own CA, not for those above", "[pki]") {
  const auto ca = root();
  const auto middle = issue({.subject = "O=Example, CN=Sub", .ca = true}, &ca);
  const auto host = issue(host_spec(), &middle);
  pki::TrustContents contents{.anchors = {read(ca)}, .revocation = pki::Revocation::strict};
  const auto fingerprint = read(host).fingerprint();
  contents.ocsp[fingerprint] = {false, pki_now - seconds(60), pki_now + seconds(60)};
  CHECK(failure_of(judge(contents, {host.der(), middle.der()}, "10.1.0.1")) == "crl-unavailable");
  contents.crls = {read_crl(issue_crl(ca))};
  CHECK(judge(contents, {host.der(), middle.der()}, "10.1.0.1").ok());
  CHECK(failure_of(judge(contents, {host.der(), middle.der()}, "10.1.0.1", {}, pki_now + seconds(61))) ==
        "crl-unavailable");
  contents.ocsp[fingerprint].revoked = true;
  CHECK(failure_of(judge(contents, {host.der(), middle.der()}, "10.1.0.1")) == "revoked");
}

TEST_CASE("directly under a root an OCSP answer is enough: a root is believed without a list of its own", "[pki]") {
  const auto ca = root();
  const auto host = issue(host_spec(), &ca);
  pki::TrustContents contents{.anchors = {read(ca)}, .revocation = pki::Revocation::strict};
  CHECK(failure_of(judge(contents, {host.der()}, "10.1.0.1")) == "crl-unavailable");
  contents.ocsp[read(host).fingerprint()] = {false, pki_now - seconds(60), pki_now + seconds(60)};
  CHECK(judge(contents, {host.der()}, "10.1.0.1").ok());
}

TEST_CASE("identities are compared and both strings told", "[pki]") {
  const auto ca = root();
  const auto host = issue(host_spec(), &ca);
  const auto other = judge({.anchors = {read(ca)}}, {host.der()}, "10.1.0.9");
  CHECK(failure_of(other) == "identity-mismatch");
  CHECK(other.failure->wanted == "10.1.0.9");
  CHECK(other.failure->found == "O=Example, CN=host, 10.1.0.1, Host.Example, user@host.example");
  const auto unexpected = judge({.anchors = {read(ca)}}, {host.der()}, "10.1.0.1", id("gate.example"));
  CHECK(failure_of(unexpected) == "identity-mismatch");
  CHECK(unexpected.failure->wanted == "gate.example");
  CHECK(unexpected.failure->found == "O=Example, CN=host, 10.1.0.1, Host.Example, user@host.example");
  CHECK(judge({.anchors = {read(ca)}}, {host.der()}, "host.example", id("HOST.example")).ok());
}

TEST_CASE("what a certificate is for", "[pki]") {
  const auto ca = root();
  const auto with = [&](const std::string& usage, const std::string& extended) {
    auto spec = host_spec();
    spec.key_usage = usage;
    spec.extended_key_usage = extended;
    return failure_of(judge({.anchors = {read(ca)}}, {issue(spec, &ca).der()}, "10.1.0.1"));
  };
  CHECK(with("digitalSignature,keyEncipherment", "") == "");
  CHECK(with("nonRepudiation", "ipsecIKE") == "");
  CHECK(with("", "serverAuth,clientAuth") == "");
  CHECK(with("", "anyExtendedKeyUsage") == "");
  CHECK(with("keyEncipherment", "") == "bad-usage");
  CHECK(with("", "codeSigning,emailProtection") == "bad-usage");
}

TEST_CASE("old digests and short keys need allow_legacy", "[pki]") {
  const auto ca = root();
  auto sha1 = host_spec();
  sha1.digest = "SHA1";
  const auto host = issue(sha1, &ca);
  CHECK(failure_of(judge({.anchors = {read(ca)}}, {host.der()}, "10.1.0.1")) == "weak-digest");
  CHECK(judge({.anchors = {read(ca)}, .allow_legacy = true}, {host.der()}, "10.1.0.1").ok());
  auto short_key = host_spec();
  short_key.key = test_key("RSA:1024");
  const auto small = issue(short_key, &ca);
  CHECK(failure_of(judge({.anchors = {read(ca)}}, {small.der()}, "10.1.0.1")) == "weak-key");
  CHECK(judge({.anchors = {read(ca)}, .allow_legacy = true}, {small.der()}, "10.1.0.1").ok());
}

TEST_CASE("MD5 and SHA-1 of an RSA CA are refused at the step of the signature, at each level, unless allowed",
          "[pki]") {
  const auto* digest = GENERATE("MD5", "SHA1");
  CAPTURE(digest);
  const auto ca =
      issue({.subject = "O=Example, CN=Root", .ca = true, .digest = digest, .key = test_key("RSA:2048", 1)});
  const auto signed_by = [&](const Issued& issuer, CertificateSpec spec, const char* with, int key) {
    spec.digest = with;
    spec.key = test_key("RSA:2048", key);
    return issue(spec, &issuer);
  };
  const CertificateSpec sub{.subject = "O=Example, CN=Sub", .ca = true};
  const auto old_host = signed_by(ca, host_spec(), digest, 2);
  const auto old_middle = signed_by(ca, sub, digest, 3);
  const auto host_below = signed_by(old_middle, host_spec(), "SHA256", 2);
  const auto new_host = signed_by(ca, host_spec(), "SHA256", 2);
  struct Case {
    const char* what;
    std::vector<Bytes> sent;
    std::string weak;  // whose signature it is
    const char* leaf_digest;
  };
  for (const auto& [what, sent, weak, leaf_digest] :
       {Case{"the host's own", {old_host.der()}, "O=Example, CN=host", digest},
        Case{"that of the CA between", {host_below.der(), old_middle.der()}, "O=Example, CN=Sub", "SHA256"},
        Case{"the root's own, which nobody needs", {new_host.der()}, "", "SHA256"}}) {
    CAPTURE(what);
    for (const bool allowed : {false, true}) {
      const auto verdict = judge({.anchors = {read(ca)}, .allow_legacy = allowed}, sent, "10.1.0.1");
      const bool refused = !allowed && !weak.empty();
      CHECK(failure_of(verdict) == (refused ? "weak-digest" : ""));
      CHECK(verdict.steps.size() == 8);
      for (const auto& step : verdict.steps) CHECK(step.ok == !(refused && step.kind == StepKind::signature));
      CHECK(step_of(verdict, StepKind::key)->text == "RSA, 2048 bits");
      if (refused) {
        const auto text = weak + " is signed with " + digest + ", which needs \"allow_legacy\"";
        CHECK(verdict.failure->text == text);
        CHECK(step_of(verdict, StepKind::signature)->text == text);
      } else {
        CHECK(step_of(verdict, StepKind::signature)->text.ends_with(std::string(" with ") + leaf_digest));
      }
    }
  }
}
