#include "pki/certificate.hpp"

#include <catch2/catch.hpp>

#include "pki/identities.hpp"
#include "trusts.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;
using pki::Certificate;

TEST_CASE("a certificate tells its names, dates, key and where its CRL lies", "[pki]") {
  const auto ca = root();
  auto spec = host_spec();
  spec.serial = 0xbeef;
  spec.crl_url = "URI:http://ca.example/a.crl,URI:ldap://ca.example/cn=ca?certificateRevocationList";
  spec.ocsp_url = "http://ocsp.example/";
  const auto certificate = read(issue(spec, &ca));
  CHECK(certificate.subject() == "O=Example, CN=host");
  CHECK(certificate.issuer() == "O=Example, CN=Root");
  CHECK(certificate.serial() == "beef");
  CHECK(certificate.not_before() == pki_now - std::chrono::hours(24));
  CHECK(certificate.not_after() == pki_now + std::chrono::hours(24 * 365));
  std::vector<std::string> names;
  for (const auto& name : certificate.names()) names.push_back(name.to_string());
  CHECK(names == std::vector<std::string>{"O=Example, CN=host", "10.1.0.1", "Host.Example", "user@host.example"});
  CHECK(certificate.key_kind() == pki::PublicKeyKind::ecdsa256);
  CHECK(certificate.key_bits() == 256);
  CHECK(certificate.signature_digest() == "SHA256");
  CHECK_FALSE(certificate.self_issued());
  CHECK_FALSE(certificate.is_ca());
  CHECK(certificate.crl_urls() ==
        std::vector<std::string>{"http://ca.example/a.crl", "ldap://ca.example/cn=ca?certificateRevocationList"});
  CHECK(certificate.ocsp_urls() == std::vector<std::string>{"http://ocsp.example/"});
  CHECK(read(ca).self_issued());
  CHECK(read(ca).is_ca());
}

TEST_CASE("only a whole certificate and nothing else is one", "[pki]") {
  const auto der = root().der();
  for (std::size_t length = 0; length < der.size(); ++length)
    CHECK_FALSE(Certificate::parse(ByteView(der).first(length)));
  auto longer = der;
  longer.push_back(0);
  CHECK_FALSE(Certificate::parse(longer));
  CHECK_FALSE(Certificate::parse(Bytes(pki::certificate_bytes_maximum + 1, 0x30)));
}

TEST_CASE("names compare as the RFCs say", "[pki]") {
  CHECK(pki::same_identity(id("host.example"), id("HOST.Example")));
  CHECK(pki::same_identity(id("User@HOST.example"), id("User@host.example")));
  CHECK_FALSE(pki::same_identity(id("user@host.example"), id("User@host.example")));
  CHECK(pki::same_identity(id("O=Example, CN=host"), id("O=EXAMPLE, CN=Host")));
  CHECK_FALSE(pki::same_identity(id("O=Example, CN=host"), id("CN=host, O=Example")));
  CHECK_FALSE(pki::same_identity(id("10.1.0.1"), id("10.1.0.2")));
  CHECK_FALSE(pki::same_identity(Identity{IdType::fqdn, {}}, Identity{IdType::fqdn, {}}));
  CHECK_FALSE(pki::same_identity(id("*.example"), id("host.example")));
  CHECK(pki::identity_key(id("O=Example, CN=host")) == pki::identity_key(id("O=EXAMPLE, CN=Host")));
  CHECK(pki::identity_key(id("host.example")) == pki::identity_key(id("HOST.example")));
}

TEST_CASE("a name that ends early for C is nobody's name", "[pki]") {
  const auto ca = root();
  auto spec = host_spec();
  spec.alternative_names = "DNS:host.example#evil.example";
  auto der = issue(spec, &ca).der();
  for (auto& byte : der)
    if (byte == '#') byte = 0;
  const auto certificate = Certificate::parse(der);
  REQUIRE(certificate);
  CHECK(certificate->names().size() == 1);
}

TEST_CASE("keys are judged by their numbers before anything is computed with them", "[pki]") {
  struct Case {
    unsigned bits;
    unsigned long exponent;
    bool usable, usable_legacy;
  };
  const auto ca = root();
  const Case cases[] = {{2048, 65537, true, true},  {2048, 3, true, true},        {8192, 65537, true, true},
                        {1024, 65537, false, true}, {2047, 65537, false, true},   {1023, 65537, false, false},
                        {16, 3, false, false},      {16384, 65537, false, false}, {2048, 0, false, false},
                        {2048, 1, false, false},    {2048, 2, false, false},      {2048, 65536, false, false}};
  for (const auto& c : cases) {
    CAPTURE(c.bits, c.exponent);
    auto spec = host_spec();
    spec.key = absurd_rsa_key(c.bits, c.exponent);
    const auto certificate = read(issue(spec, &ca));
    CHECK(check_key(certificate, false).has_value() == c.usable);
    CHECK(check_key(certificate, true).has_value() == c.usable_legacy);
  }
  auto spec = host_spec();
  spec.key = test_key("ED25519");
  CHECK_FALSE(check_key(read(issue(spec, &ca)), true));
  spec.key = test_key("P-521");
  CHECK(check_key(read(issue(spec, &ca)), false));
}
