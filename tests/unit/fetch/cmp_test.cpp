// The client against OpenSSL's own server side of CMP, both in this process.
#include "fetch/cmp.hpp"

#include <openssl/cmp.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/certificates.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
constexpr const char* url = "http://127.0.0.1:829/pkix/";

pki::Certificate certificate_of(const Issued& issued) { return pki::Certificate::parse(issued.der()).value(); }
pki::PrivateKey key_of(const Issued& issued) { return pki::PrivateKey::parse(issued.key_der()).value(); }
pki::PrivateKey key_of(const std::shared_ptr<evp_pkey_st>& key) {
  EVP_PKEY_up_ref(key.get());
  return pki::PrivateKey::adopt(key.get()).value();
}

// A manager that issues what `next` says, with the CA's own certificate.
struct Manager {
  Issued ca;
  Issued next;
  bool refuses = false;
  std::shared_ptr<OSSL_CMP_SRV_CTX> server{OSSL_CMP_SRV_CTX_new(nullptr, nullptr), OSSL_CMP_SRV_CTX_free};

  Manager() : ca(issue({.subject = "O=Example, CN=Root", .ca = true, .key_usage = "digitalSignature,keyCertSign"})) {
    OSSL_CMP_SRV_CTX_init(
        server.get(), this, certify, nullptr, nullptr, [](auto*, auto*, auto*, auto*, auto*) {},
        [](auto*, auto*, int, auto*, auto*) { return 1; }, nullptr);
    auto* context = OSSL_CMP_SRV_CTX_get0_cmp_ctx(server.get());
    OSSL_CMP_CTX_set1_cert(context, ca.x509.get());
    OSSL_CMP_CTX_set1_pkey(context, ca.key.get());
    OSSL_CMP_CTX_set_option(context, OSSL_CMP_OPT_LOG_VERBOSITY, OSSL_CMP_LOG_EMERG);
  }

  void share_secret(const std::string& reference, const std::string& secret) const {
    auto* context = OSSL_CMP_SRV_CTX_get0_cmp_ctx(server.get());
    OSSL_CMP_CTX_set1_referenceValue(context, as_bytes(reference).data(), static_cast<int>(reference.size()));
    OSSL_CMP_CTX_set1_secretValue(context, as_bytes(secret).data(), static_cast<int>(secret.size()));
  }
  void trust_its_own() const {
    auto* store = X509_STORE_new();
    X509_STORE_add_cert(store, ca.x509.get());
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), std::chrono::system_clock::to_time_t(pki_now));
    OSSL_CMP_CTX_set0_trustedStore(OSSL_CMP_SRV_CTX_get0_cmp_ctx(server.get()), store);
  }

  static OSSL_CMP_PKISI* certify(OSSL_CMP_SRV_CTX* server, const OSSL_CMP_MSG*, int, const OSSL_CRMF_MSG*,
                                 const X509_REQ*, X509** made, STACK_OF(X509) **, STACK_OF(X509) * *cas) {
    const auto* manager = static_cast<const Manager*>(OSSL_CMP_SRV_CTX_get0_custom_ctx(server));
    if (manager->refuses) return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_rejection, 1 << 2, "not today");
    *made = X509_dup(manager->next.x509.get());
    *cas = sk_X509_new_null();
    sk_X509_push(*cas, X509_dup(manager->ca.x509.get()));
    return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_accepted, 0, nullptr);
  }

  static void connect(ossl_cmp_ctx_st* client, void* manager) {
    OSSL_CMP_CTX_set_transfer_cb(client, OSSL_CMP_CTX_server_perform);
    OSSL_CMP_CTX_set_transfer_cb_arg(client, static_cast<Manager*>(manager)->server.get());
    if (auto* store = OSSL_CMP_CTX_get0_trustedStore(client))
      X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), std::chrono::system_clock::to_time_t(pki_now));
  }
};

fetch::Enrolment enrolment(const std::string& secret, const std::shared_ptr<evp_pkey_st>& key) {
  return {url, "gate", Secret(secret), "O=Example, CN=gate", {Identity::parse("10.1.0.1").value()}, key_of(key)};
}
}  // namespace

TEST_CASE("a first certificate is got by the secret, and the CA's own with it") {
  Manager manager;
  manager.share_secret("gate", "a secret from the CA");
  const auto key = test_key("P-256", 1);
  manager.next = issue({.subject = "O=Example, CN=gate", .key = key}, &manager.ca);
  const auto enrolled = fetch::enrol(enrolment("a secret from the CA", key), Manager::connect, &manager);
  REQUIRE(enrolled);
  CHECK(enrolled->certificate == certificate_of(manager.next));
  REQUIRE(enrolled->others.size() >= 1);
  CHECK(enrolled->others.front() == certificate_of(manager.ca));
}

TEST_CASE("an answer under another secret is not believed") {
  Manager manager;
  manager.share_secret("gate", "a secret from the CA");
  const auto key = test_key("P-256", 1);
  manager.next = issue({.subject = "O=Example, CN=gate", .key = key}, &manager.ca);
  const auto enrolled = fetch::enrol(enrolment("another secret", key), Manager::connect, &manager);
  REQUIRE_FALSE(enrolled);
  CHECK(enrolled.error().code == ErrorCode::refused);
}

TEST_CASE("the manager's refusal is told in its words") {
  Manager manager;
  manager.share_secret("gate", "a secret from the CA");
  manager.refuses = true;
  const auto enrolled =
      fetch::enrol(enrolment("a secret from the CA", test_key("P-256", 1)), Manager::connect, &manager);
  REQUIRE_FALSE(enrolled);
  CHECK(enrolled.error().code == ErrorCode::refused);
  CHECK(enrolled.error().text.find("not today") != std::string::npos);
}

TEST_CASE("a certificate for another key is refused") {
  Manager manager;
  manager.share_secret("gate", "a secret from the CA");
  manager.next = issue({.subject = "O=Example, CN=gate", .key = test_key("P-256", 2)}, &manager.ca);
  const auto enrolled =
      fetch::enrol(enrolment("a secret from the CA", test_key("P-256", 1)), Manager::connect, &manager);
  REQUIRE_FALSE(enrolled);
  CHECK(enrolled.error().code == ErrorCode::refused);
}

TEST_CASE("a key is updated by the certificate that is there") {
  Manager manager;
  manager.trust_its_own();
  const auto old = issue({.subject = "O=Example, CN=gate", .key = test_key("P-256", 1)}, &manager.ca);
  const auto key = test_key("P-256", 3);
  manager.next = issue({.subject = "O=Example, CN=gate", .key = key}, &manager.ca);
  fetch::Renewal renewal{url, certificate_of(old), key_of(old), key_of(key), {}, {certificate_of(manager.ca)}};
  const auto renewed = fetch::renew(renewal, Manager::connect, &manager);
  if (!renewed) FAIL(renewed.error().text);
  CHECK(renewed->certificate == certificate_of(manager.next));

  SECTION("but not where another CA answers") {
    renewal.trusted = {certificate_of(root("O=Other, CN=Root"))};
    CHECK_FALSE(fetch::renew(renewal, Manager::connect, &manager));
  }
}

TEST_CASE("what a child answers is read, and nothing else") {
  const auto ca = root();
  const auto own = issue({.subject = "O=Example, CN=gate"}, &ca);
  const auto other = issue({.subject = "O=Example, CN=other", .key = test_key("P-256", 2)}, &ca);
  const auto answer = [](const Issued& certificate, const Issued& key) {
    return Json{{"key_hex", to_hex(key.key_der().view())}, {"certificate_hex", to_hex(certificate.der())}}.dump();
  };
  const auto good = fetch::enrolled_from(as_bytes(answer(own, own)));
  REQUIRE(good);
  CHECK(good->certificate == certificate_of(own));
  CHECK_FALSE(fetch::enrolled_from(as_bytes(answer(own, other))));
  CHECK_FALSE(fetch::enrolled_from(as_bytes("{}")));
  CHECK_FALSE(fetch::enrolled_from({}));
}
