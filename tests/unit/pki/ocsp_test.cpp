#include "pki/ocsp.hpp"

#include <openssl/ocsp.h>

#include <catch2/catch.hpp>

#include "pki/openssl.hpp"
#include "support/certificates.hpp"

using namespace ipsec9000;
using namespace ipsec9000::pki;
using namespace ipsec9000::test;

namespace {
constexpr Duration hour = std::chrono::hours(1);

Certificate certificate_of(const Issued& issued) { return Certificate::parse(issued.der()).value(); }

struct ResponseSpec {
  int status = V_OCSP_CERTSTATUS_GOOD;
  Duration from = -hour;
  Duration until = hour;
  bool ends = true;
  const Issued* brings = nullptr;  // a further certificate in the answer
};

using TimePtr = std::unique_ptr<ASN1_GENERALIZEDTIME, FreeBy<ASN1_GENERALIZEDTIME_free>>;

TimePtr time_at(Duration from_now) {
  return TimePtr(ASN1_GENERALIZEDTIME_set(nullptr, std::chrono::system_clock::to_time_t(pki_now + from_now)));
}

// What a responder with this key would say about the certificate.
Bytes respond(const Issued& about, const Issued& ca, const Issued& responder, const ResponseSpec& spec = {}) {
  const std::unique_ptr<OCSP_BASICRESP, FreeBy<OCSP_BASICRESP_free>> basic(OCSP_BASICRESP_new());
  const std::unique_ptr<OCSP_CERTID, FreeBy<OCSP_CERTID_free>> id(
      OCSP_cert_to_id(EVP_sha1(), about.x509.get(), ca.x509.get()));
  const auto from = time_at(spec.from), until = time_at(spec.until), revoked = time_at(-2 * hour);
  OCSP_basic_add1_status(basic.get(), id.get(), spec.status, OCSP_REVOKED_STATUS_KEYCOMPROMISE,
                         spec.status == V_OCSP_CERTSTATUS_REVOKED ? revoked.get() : nullptr, from.get(),
                         spec.ends ? until.get() : nullptr);
  OCSP_basic_sign(basic.get(), responder.x509.get(), responder.key.get(), EVP_sha256(), nullptr, 0);
  if (spec.brings != nullptr) OCSP_basic_add1_cert(basic.get(), spec.brings->x509.get());
  const std::unique_ptr<OCSP_RESPONSE, FreeBy<OCSP_RESPONSE_free>> response(
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
  unsigned char* der = nullptr;
  const int length = i2d_OCSP_RESPONSE(response.get(), &der);
  Bytes bytes(der, der + length);
  OPENSSL_free(der);
  return bytes;
}
}  // namespace

TEST_CASE("the responder's answer about a certificate counts until it ends") {
  const auto ca = root();
  const auto host = issue({.subject = "O=Example, CN=host"}, &ca);
  const auto leaf = certificate_of(host), issuer = certificate_of(ca);
  const auto good = judge_ocsp_response(respond(host, ca, ca), leaf, issuer, pki_now);
  REQUIRE(good);
  CHECK_FALSE(good->revoked);
  CHECK(good->next_update == pki_now + hour);
  const auto revoked =
      judge_ocsp_response(respond(host, ca, ca, {.status = V_OCSP_CERTSTATUS_REVOKED}), leaf, issuer, pki_now);
  REQUIRE(revoked);
  CHECK(revoked->revoked);
  const auto endless = judge_ocsp_response(respond(host, ca, ca, {.ends = false}), leaf, issuer, pki_now);
  REQUIRE(endless);
  CHECK(endless->next_update == pki_now + 23 * hour);
}

TEST_CASE("a responder that the CA certified for this may answer, others may not") {
  const auto ca = root();
  const auto host = issue({.subject = "O=Example, CN=host"}, &ca);
  const auto responder = issue({.subject = "O=Example, CN=responder", .extended_key_usage = "OCSPSigning"}, &ca);
  const auto neighbour = issue({.subject = "O=Example, CN=neighbour"}, &ca);
  const auto stranger = root("O=Other, CN=Root");
  const auto leaf = certificate_of(host), issuer = certificate_of(ca);
  CHECK(judge_ocsp_response(respond(host, ca, responder), leaf, issuer, pki_now));
  for (const auto& other : {neighbour, stranger}) {
    const auto judged = judge_ocsp_response(respond(host, ca, other), leaf, issuer, pki_now);
    REQUIRE_FALSE(judged);
    CHECK(judged.error().code == ErrorCode::refused);
  }
}

TEST_CASE("answers of another day, about another certificate or about none are refused") {
  const auto ca = root();
  const auto host = issue({.subject = "O=Example, CN=host"}, &ca);
  const auto other = issue({.subject = "O=Example, CN=other"}, &ca);
  const auto leaf = certificate_of(host), issuer = certificate_of(ca);
  const Bytes refused[] = {respond(host, ca, ca, {.from = -3 * hour, .until = -2 * hour}),
                           respond(host, ca, ca, {.from = hour, .until = 2 * hour}),
                           respond(host, ca, ca, {.status = V_OCSP_CERTSTATUS_UNKNOWN}), respond(other, ca, ca)};
  for (const auto& each : refused) {
    const auto judged = judge_ocsp_response(each, leaf, issuer, pki_now);
    REQUIRE_FALSE(judged);
    CHECK(judged.error().code == ErrorCode::refused);
  }
  auto whole = respond(host, ca, ca);
  const auto request = ocsp_request(leaf, issuer);
  REQUIRE(request);
  CHECK_FALSE(judge_ocsp_response(*request, leaf, issuer, pki_now));
  CHECK_FALSE(judge_ocsp_response({}, leaf, issuer, pki_now));
  whole.push_back(0);
  CHECK_FALSE(judge_ocsp_response(whole, leaf, issuer, pki_now));
}

TEST_CASE("nothing is computed with an absurd key that an answer brings along") {
  const auto ca = root();
  const auto host = issue({.subject = "O=Example, CN=host"}, &ca);
  const auto other = issue({.subject = "O=Example, CN=other"}, &ca);
  const auto leaf = certificate_of(host), issuer = certificate_of(ca);
  CHECK(judge_ocsp_response(respond(host, ca, ca, {.brings = &other}), leaf, issuer, pki_now));
  for (const auto& [bits, exponent] :
       {std::pair{16U, 3UL}, std::pair{16384U, 65537UL}, std::pair{2048U, 0UL}, std::pair{2048U, 1UL}}) {
    CAPTURE(bits, exponent);
    const auto absurd = issue(
        {.subject = "CN=absurd", .extended_key_usage = "OCSPSigning", .key = absurd_rsa_key(bits, exponent)}, &ca);
    const auto judged = judge_ocsp_response(respond(host, ca, ca, {.brings = &absurd}), leaf, issuer, pki_now);
    REQUIRE_FALSE(judged);
    CHECK(judged.error().code == ErrorCode::refused);
    CHECK(judged.error().text.find("key that is not to be used") != std::string::npos);
  }
}
