#include "credentials.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "pki/pem.hpp"
#include "support/certificate_host.hpp"
#include "support/run_loop.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
struct Keeping {
  CertificateHost host;
  EventLoop loop;
  KeyRing keys{loop, host.directory.path() / "keystore.json", {}};
  CertificateKeeper keeper{loop, keys, host.store.directory()};
  std::size_t readings = 0;
  CertificateKeeper::Reading last;

  Keeping() {
    keeper.on_read([this](const CertificateKeeper::Reading& reading) {
      ++readings;
      last = reading;
    });
  }
  void read() {
    const auto before = readings;
    keeper.reload();
    REQUIRE(run_until(loop, [&] { return readings > before; }));
  }
  // A CA's certificate as a server gave it: what was taken.
  Result<std::string> receive(const Issued& ca) {
    std::optional<Result<std::string>> answer;
    keeper.take_authorities(to_bytes(as_bytes(pem(ca))), [&](const auto& given) { answer = given; });
    REQUIRE(run_until(loop, [&] { return answer.has_value(); }));
    return *answer;
  }
};

std::string fingerprint_of(const Issued& issued) { return pki::Certificate::parse(issued.der()).value().fingerprint(); }
}  // namespace

TEST_CASE("an OCSP answer counts at once, and nothing is read for it") {
  const auto ca = root();
  const auto one = issue({.subject = "O=Example, CN=one"}, &ca);
  const auto other = issue({.subject = "O=Example, CN=other"}, &ca);
  Keeping here;
  REQUIRE(here.host.call("ca.add", CertificateHost::file(ca.der())));
  REQUIRE(here.host.call("crl.add", CertificateHost::file(issue_crl(ca))));
  here.read();
  const auto before = here.keys.trust();
  REQUIRE(before->anchors().size() == 1);
  const pki::OcspAnswer good{false, pki_now, pki_now + seconds(60)};

  std::filesystem::remove_all(here.host.store.directory());  // whoever read again would find nothing
  here.keeper.take_ocsp(fingerprint_of(one), good, pki_now);
  const auto after = here.keys.trust();
  CHECK(after->ocsp(fingerprint_of(one)) != nullptr);
  CHECK(before->ocsp(fingerprint_of(one)) == nullptr);  // negotiations under way keep theirs
  CHECK(&after->anchors() == &before->anchors());       // not even copied
  CHECK(after->store() == before->store());
  run_for(here.loop, Duration(100));
  CHECK(here.readings == 1);

  // One that comes while something else makes us read.
  REQUIRE(here.host.call("ca.add", CertificateHost::file(ca.der())));
  here.keeper.reload();
  here.keeper.take_ocsp(fingerprint_of(other), good, pki_now);
  REQUIRE(run_until(here.loop, [&] { return here.readings == 2; }));
  CHECK(here.keys.trust()->anchors().size() == 1);
  CHECK(here.keys.trust()->crls().empty());
  CHECK(here.keys.trust()->ocsp(fingerprint_of(one)) != nullptr);
  CHECK(here.keys.trust()->ocsp(fingerprint_of(other)) != nullptr);
  // Those whose time is over go.
  here.keeper.take_ocsp(fingerprint_of(ca), {false, pki_now, pki_now + seconds(600)}, pki_now + seconds(61));
  CHECK(here.keys.trust()->ocsp(fingerprint_of(one)) == nullptr);
  CHECK(here.keys.trust()->ocsp(fingerprint_of(ca)) != nullptr);
}

TEST_CASE("CAs that servers give are followed level by level to one that is known") {
  const auto ca = root();
  const auto b = issue({.subject = "O=Example, CN=B", .ca = true}, &ca);
  const auto a = issue({.subject = "O=Example, CN=A", .ca = true}, &b);
  const auto peer = issue({.subject = "O=Example, CN=peer"}, &a);
  Keeping here;
  REQUIRE(here.host.call("ca.add", CertificateHost::file(ca.der())));
  here.keeper.configure({}, {"", {"ldap://d:389"}, {}});
  REQUIRE(run_until(here.loop, [&] { return here.readings == 1; }));
  CHECK(here.last.authorities.empty());

  // A peer that nobody here has ever heard of shows its certificate and no other.
  const std::vector<Bytes> sent{peer.der()};
  const auto validated = [&] {
    return pki::validate(*here.keys.trust(), sent, pki::Certificate::parse(peer.der()).value().names().front(),
                         std::nullopt, pki_now);
  };
  here.keeper.seek_authority(validated());
  REQUIRE(run_until(here.loop, [&] { return here.readings == 2; }));
  REQUIRE(here.last.authorities.size() == 1);
  CHECK(here.last.authorities[0].starts_with("ldap://d:389/CN=A,O=Example?cACertificate"));

  const auto refused = here.receive(a);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("CN=A") != std::string::npos);
  REQUIRE(run_until(here.loop, [&] { return here.readings == 3; }));
  CHECK(here.last.authorities.size() == 2);
  CHECK_FALSE(validated().ok());

  SECTION("that comes from a server, too") { CHECK(here.receive(b).value() == "O=Example, CN=B; O=Example, CN=A"); }
  SECTION("that the administrator adds") {
    bool added = false;
    here.keeper.perform("ca.add", CertificateHost::file(b.der()), Secret(), [&](const auto& done) { added = !!done; });
    REQUIRE(run_until(here.loop, [&] { return added; }));
  }
  REQUIRE(run_until(here.loop, [&] { return here.keys.trust()->intermediates().size() == 2; }));
  CHECK(validated().ok());
}
