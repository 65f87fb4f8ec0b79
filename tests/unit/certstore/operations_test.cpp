#include "certstore/operations.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "pki/bundle.hpp"
#include "support/certificate_host.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
CertificateSpec gate() { return {.subject = "O=Example, CN=gate", .alternative_names = "DNS:gate.example"}; }
}  // namespace

TEST_CASE("every format of a certificate with its key is taken in") {
  const auto ca = root();
  const auto middle = issue({.subject = "O=Example, CN=Sub", .ca = true}, &ca);
  const auto own = issue(gate(), &middle);
  struct Case {
    const char* what;
    Json params;
  };
  auto sealed = CertificateHost::file(pkcs12(own, {middle, ca}, "secret"));
  sealed["file_password"] = "secret";
  auto beside = CertificateHost::file(own.der());
  beside["key_hex"] = to_hex(own.key_der().view());
  const Case cases[] = {{"PKCS#12", sealed},
                        {"PEM", CertificateHost::file("text\n" + pem(own) + key_pem(own) + pem(middle))},
                        {"DER and its key", beside}};
  for (const auto& c : cases) {
    CAPTURE(c.what);
    CertificateHost host;
    const auto imported = host.call("cert.import", c.params);
    REQUIRE(imported);
    CHECK((*imported)["kind"] == "own");
    CHECK((*imported)["name"] == "gate");
    CHECK(host.keys.find_private_key("gate") != nullptr);
    CHECK(host.count("cert.list") == 1);
    const auto contents = host.store.load();
    REQUIRE(contents);
    for (const auto& trusted : trust_of(*contents, {}).anchors)
      FAIL("a root came in by the back door: " + trusted.subject());
  }
}

TEST_CASE("a certificate without a key is a peer's") {
  const auto ca = root();
  CertificateHost host;
  const auto imported = host.call("cert.import", CertificateHost::file(pkcs7({issue(gate(), &ca), ca})));
  REQUIRE(imported);
  CHECK((*imported)["kind"] == "peer");
  REQUIRE(host.call("ca.add", CertificateHost::file(pem(ca))));
  const auto checked = host.call("cert.check", {{"remote", "gate.example"}});
  REQUIRE(checked);
  CHECK((*checked)["items"][0]["ok"] == true);
  CHECK((*checked)["items"][0]["steps"].size() == 8);
}

TEST_CASE("a request's answer finds its key, and is then shown to peers") {
  CertificateHost host;
  const auto requested = host.call("cert.request", {{"name", "gate"},
                                                    {"subject", "O=Example, CN=gate"},
                                                    {"names", {"10.1.0.1", "gate.example"}},
                                                    {"key", "ecdsa256"}});
  REQUIRE(requested);
  CHECK_FALSE(host.call("cert.request", {{"name", "gate"}, {"subject", "CN=x"}, {"key", "ecdsa256"}}));
  const auto text = (*requested)["request"].get<std::string>();
  auto* bio = BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
  const std::shared_ptr<X509_REQ> request(PEM_read_bio_X509_REQ(bio, nullptr, nullptr, nullptr), X509_REQ_free);
  BIO_free(bio);
  REQUIRE(request);
  auto spec = gate();
  spec.key = {X509_REQ_get_pubkey(request.get()), EVP_PKEY_free};
  CHECK(X509_REQ_verify(request.get(), spec.key.get()) == 1);
  const auto ca = root();
  REQUIRE(host.call("cert.import", CertificateHost::file(pem(issue(spec, &ca)))));
  const auto* secret = host.keys.find_private_key("gate");
  REQUIRE(secret != nullptr);
  std::map<std::string, Secret> keys;
  keys.emplace("gate", secret->clone());
  const auto credentials = credentials_of(host.store.load().value(), keys, {});
  REQUIRE(credentials.own.size() == 1);
  CHECK(credentials.own[0].key.belongs_to(credentials.own[0].certificate));
  REQUIRE(host.call("cert.delete", {{"name", "gate"}}));
  CHECK(host.keys.find_private_key("gate") == nullptr);
  CHECK(host.count("cert.list") == 0);
}

TEST_CASE("a CRL counts when its CA is known, and never goes back in time") {
  const auto ca = root();
  const auto other = root();
  CertificateHost host;
  CHECK(host.call("crl.add", CertificateHost::file(issue_crl(ca))).error().code == ErrorCode::refused);
  REQUIRE(host.call("ca.add", CertificateHost::file(ca.der())));
  CHECK_FALSE(host.call("crl.add", CertificateHost::file(issue_crl(other))));  // of the same name
  REQUIRE(host.call("crl.add", CertificateHost::file(issue_crl(ca, {.revoked = {7}}))));
  CHECK_FALSE(host.call("crl.add", CertificateHost::file(issue_crl(ca, {.from = -std::chrono::hours(5)}))));
  const auto listed = host.call("crl.list");
  REQUIRE(listed);
  CHECK((*listed)["items"].size() == 1);
  CHECK((*listed)["items"][0]["revoked"] == 1);
  REQUIRE(host.call("crl.delete", {{"id", (*listed)["items"][0]["id"]}}));
  CHECK(host.count("crl.list") == 0);
}

TEST_CASE("CRLs are fetched where certificates and the administrator say, and again before they end") {
  auto spec = gate();
  spec.crl_url = "URI:http://ca.example/a.crl,URI:ftp://ca.example/a.crl";
  const auto ca = root();
  CertificateHost host;
  REQUIRE(host.call("cert.import", CertificateHost::file(pem(issue(spec, &ca)))));
  REQUIRE(host.call("ca.add", CertificateHost::file(ca.der())));
  for (const auto* url : {"ldap://ca.example/cn=a", "ldap://ca.example/cn=a", "http://ca.example/a.crl"})
    REQUIRE(host.call("crl.add", {{"url", url}}));
  for (const auto* url : {"file:///etc/passwd", "https://ca.example/", "http://a b", "http://a\nb", ""})
    CHECK_FALSE(host.call("crl.add", {{"url", url}}));
  CHECK(crl_sources(host.store.load().value()) ==
        std::vector<std::string>{"http://ca.example/a.crl", "ldap://ca.example/cn=a"});
  const auto refresh = [&](Duration until) {
    const auto added = host.call("crl.add", CertificateHost::file(issue_crl(ca, {.until = until})));
    return added.value()["items"][0]["refresh_seconds"].get<int>();
  };
  CHECK(refresh(std::chrono::hours(9)) == 8 * 3600);  // of ten hours of life, one is over and one is kept
  CHECK(refresh(std::chrono::minutes(1)) == 60);
  CHECK(refresh(std::chrono::hours(24 * 90)) == 24 * 3600);
  REQUIRE(host.call("crl.delete", {{"id", "ldap://ca.example/cn=a"}}));
  CHECK(crl_sources(host.store.load().value()).size() == 1);
}

TEST_CASE("a damaged list is named, does not count, and is replaced by the next one") {
  const auto ca = root();
  CertificateHost host;
  REQUIRE(host.call("ca.add", CertificateHost::file(ca.der())));
  REQUIRE(host.call("crl.add", CertificateHost::file(issue_crl(ca, {.revoked = {7}}))));
  const auto id = host.call("crl.list").value()["items"][0]["id"].get<std::string>();
  const auto path = host.store.directory() / ("crl-" + id + ".der");
  auto bytes = read_file(path).value();
  bytes.resize(bytes.size() / 2);
  REQUIRE(replace_file(path, bytes));
  const auto listed = host.call("crl.list").value();
  CHECK(listed["items"].empty());
  REQUIRE(listed["damaged"].size() == 1);
  const auto sentence = listed["damaged"][0].get<std::string>();
  CAPTURE(sentence);
  CHECK(sentence.starts_with(path.string() + " is damaged and does not count: not a DER certificate revocation list"));
  REQUIRE(host.call("crl.add", CertificateHost::file(issue_crl(ca, {.revoked = {7, 8}}))));
  CHECK(host.call("crl.list").value()["damaged"].empty());
  CHECK(host.count("crl.list") == 1);
}

TEST_CASE("a damaged certs.txt is named with its entry, and nothing is written over it") {
  const auto ca = root();
  CertificateHost host;
  REQUIRE(host.call("ca.add", CertificateHost::file(ca.der())));
  const auto path = host.store.directory() / "certs.txt";
  auto text = read_file(path).value();
  text.insert(text.find("-----BEGIN") + 40, "!!");
  REQUIRE(replace_file(path, text));
  for (const char* method : {"ca.list", "cert.check", "cert.list"}) {
    const auto refused = host.call(method);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text == path.string() + ": the certificate of \"entry: ca Root\" cannot be read");
  }
  CHECK_FALSE(host.call("ca.add", CertificateHost::file(ca.der())));
  CHECK(read_file(path).value() == text);
}

TEST_CASE("cert check tells of a certificate of our own that has ended, and of one of tomorrow") {
  const auto ca = root();
  const auto checked = [&](Duration from, Duration until) {
    CertificateHost host;
    REQUIRE(host.call("ca.add", CertificateHost::file(ca.der())));
    auto spec = gate();
    spec.from = from;
    spec.until = until;
    const auto own = issue(spec, &ca);
    REQUIRE(host.call("cert.import", CertificateHost::file(pem(own) + key_pem(own))));
    return host.call("cert.check").value()["items"][0]["failure"];
  };
  const auto ended = checked(-std::chrono::hours(48), -std::chrono::hours(24));
  CHECK(ended["kind"] == "expired");
  CHECK(ended["text"] == "the certificate of O=Example, CN=gate expired at 2025-12-31T00:00:00Z");
  const auto early = checked(std::chrono::hours(24), std::chrono::hours(48));
  CHECK(early["kind"] == "not-yet-valid");
  CHECK(early["text"] == "the certificate of O=Example, CN=gate is not valid before 2026-01-02T00:00:00Z");
}

TEST_CASE("what makes no sense is refused in words, and changes nothing") {
  const auto ca = root();
  const auto own = issue(gate(), &ca);
  const auto other = issue(gate(), &ca);
  CertificateHost host;
  auto mismatched = CertificateHost::file(own.der());
  mismatched["key_hex"] = to_hex(other.key_der().view());
  auto wrong_password = CertificateHost::file(pkcs12(own, {}, "secret"));
  wrong_password["file_password"] = "wrong";
  CHECK(host.call("cert.import", wrong_password).error().code == ErrorCode::not_permitted);
  for (const auto& params :
       {mismatched, CertificateHost::file(std::string("hello")), CertificateHost::file(Bytes{}),
        Json{{"data_hex", "xyz"}}, Json{{"data_hex", 5}}, Json::object(), CertificateHost::file(ca.der())})
    CHECK_FALSE(host.call("cert.import", params));
  CHECK_FALSE(host.call("ca.add", CertificateHost::file(own.der())));
  CHECK_FALSE(host.call("cert.show", {{"name", "../x"}}));
  CHECK_FALSE(host.call("cert.check"));
  CHECK_FALSE(host.call("cert.request", {{"name", "a/b"}, {"subject", "CN=a"}}));
  CHECK_FALSE(host.call("cert.request", {{"name", "a"}, {"subject", "nonsense"}}));
  CHECK_FALSE(host.call("cert.request", {{"name", "a"}, {"subject", "CN=a"}, {"bits", 1024}}));
  CHECK(host.keys.list().empty());
  CHECK(host.store.load().value().entries.empty());
}
