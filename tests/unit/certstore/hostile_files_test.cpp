// What is no certificate, by every way that certificates come in: refused in words, in bounded time, and nothing is
// changed by it.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "certstore/operations.hpp"
#include "pki/bundle.hpp"
#include "support/certificate_host.hpp"
#include "support/hostile_text.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
// A way in: a good file, where it goes among the parameters, and what else they are.
struct Way {
  const char* what;
  const char* method;
  Bytes file;
  Json others = Json::object();
  const char* place = "data_hex";
};

std::vector<Way> ways_in() {
  const auto ca = root();
  const auto middle = issue({.subject = "O=Example, CN=Sub", .ca = true}, &ca);
  const auto own = issue({.subject = "O=Example, CN=gate", .alternative_names = "DNS:gate.example"}, &middle);
  const auto text = [](const std::string& file) { return to_bytes(as_bytes(file)); };
  const auto hex = [](ByteView bytes) { return to_hex(bytes); };
  const auto key = to_bytes(own.key_der().view());
  return {{"PEM with a key", "cert.import", text(pem(own) + key_pem(own) + pem(middle))},
          {"DER", "cert.import", own.der()},
          {"PKCS#7", "cert.import", pkcs7({own, middle, ca})},
          {"PKCS#12", "cert.import", pkcs12(own, {middle, ca}, "secret"), {{"file_password", "secret"}}},
          {"a key beside", "cert.import", key, {{"data_hex", hex(own.der())}}, "key_hex"},
          {"a CA in PEM", "ca.add", text(pem(ca))},
          {"a CA in DER", "ca.add", ca.der()},
          {"a CRL", "crl.add", issue_crl(ca, {.revoked = {7, 8, 9}})},
          {"a profile",
           "profile.store",
           pkcs12(own, {middle, ca}, "secret"),
           {{"name", "gate"}, {"profile_password", "secret"}, {"roots", true}}},
          {"what a peer would send", "cert.check", own.der(), {{"remote", "gate.example"}}}};
}

Bytes spoiled(const Bytes& good, std::mt19937& random) {
  auto bytes = good;
  const auto somewhere = [&] { return static_cast<std::ptrdiff_t>(random() % bytes.size()); };
  switch (random() % 4) {
    case 0:
      for (auto changes = 1 + random() % 4; changes > 0; --changes)
        bytes[static_cast<std::size_t>(somewhere())] = static_cast<std::uint8_t>(random());
      break;
    case 1:
      bytes.resize(static_cast<std::size_t>(somewhere()));
      break;
    case 2:  // a length that is longer than all there is
      for (auto at = bytes.begin() + somewhere(); at != bytes.end(); ++at)
        if (*at == 0x82 || *at == 0x81) {
          *at = 0x84;
          break;
        }
      break;
    default:
      bytes.insert(bytes.begin() + somewhere(), 1 + random() % 40, static_cast<std::uint8_t>(random()));
      break;
  }
  return bytes;
}
}  // namespace

TEST_CASE("random and mutated files are refused in words by every way in, and change nothing") {
  std::mt19937 random(5);
  for (const auto& way : ways_in()) {
    CAPTURE(way.what);
    CertificateHost host;
    if (std::string(way.method) == "crl.add") REQUIRE(host.call("ca.add", {{"data_hex", to_hex(root().der())}}));
    unsigned refused = 0;
    for (int round = 0; round < 80; ++round) {
      Bytes file(round < 20 ? Bytes(1 + random() % 300) : spoiled(way.file, random));
      if (round < 20)
        for (auto& byte : file) byte = static_cast<std::uint8_t>(random());
      auto params = way.others;
      params[way.place] = to_hex(file);
      CAPTURE(round, to_hex(file));
      const auto before = host.stored();
      const auto begun = std::chrono::steady_clock::now();
      const auto answer = host.call(way.method, params);
      CHECK(std::chrono::steady_clock::now() - begun < seconds(20));
      if (answer) continue;  // what was changed does not matter, or a peer's verdict says what is wrong
      ++refused;
      CHECK(answer.error().text.size() > 10);
      CHECK(is_one_clean_line(answer.error().text));
      CHECK(answer.error().code != ErrorCode::internal);
      CHECK(answer.error().code != ErrorCode::crypto);
      CHECK(host.stored() == before);
    }
    CHECK(refused > 35);
  }
}

TEST_CASE("keys that are absurd are taken in by no way, and the text says what is wrong with them") {
  const auto ca = root();
  for (const auto& [bits, exponent, word] : {std::tuple{16U, 3UL, "16 bits"}, std::tuple{16384U, 65537UL, "16384 bits"},
                                             std::tuple{2048U, 0UL, "exponent"}, std::tuple{2048U, 1UL, "exponent"}}) {
    CAPTURE(bits, exponent);
    const auto key = absurd_rsa_key(bits, exponent);
    CertificateHost host;
    const auto refused = [&, wanted = std::string(word)](const char* method, const Issued& issued) {
      const auto answer = host.call(method, {{"data_hex", to_hex(issued.der())}});
      REQUIRE_FALSE(answer);
      CHECK(answer.error().code == ErrorCode::refused);
      CAPTURE(answer.error().text);
      CHECK(answer.error().text.find(wanted) != std::string::npos);
    };
    refused("cert.import", issue({.subject = "CN=host", .key = key}, &ca));
    refused("ca.add", issue({.subject = "CN=Absurd", .ca = true, .key = key}, &ca));
    CHECK(host.stored() == write_entries({}));
  }
}

TEST_CASE("a file of 100 MB is refused by its size alone") {
  CertificateHost host;
  const Json params{{"data_hex", std::string(200U << 20, '3')}};
  for (const char* method : {"crl.add", "ca.add", "cert.import"}) {
    const auto answer = host.call(method, params);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().text.find("a file of 104857600 bytes (at most ") != std::string::npos);
  }
}

TEST_CASE("CAs of our own that certify each other are sent once each") {
  const auto ca = root();
  const auto a = issue({.subject = "CN=A", .ca = true}, &ca);
  const auto b = issue({.subject = "CN=B", .ca = true}, &a);
  const auto a_by_b = issue({.subject = "CN=A", .ca = true, .key = a.key}, &b);
  const auto host = issue({.subject = "CN=host"}, &b);
  CertificateContents contents;
  const auto add = [&](EntryKind kind, const char* name, const Issued& issued) {
    contents.entries.push_back({kind, name, pki::Certificate::parse(issued.der()).value()});
  };
  add(EntryKind::ca, "a-by-b", a_by_b);
  add(EntryKind::ca, "b", b);
  const auto chain = chain_of(contents, pki::Certificate::parse(host.der()).value());
  REQUIRE(chain.size() == 2);
  CHECK(chain[0].subject() == "CN=B");
  CHECK(chain[1].subject() == "CN=A");
}

TEST_CASE("cert check says that a chain is too long, and of which length one may be") {
  CertificateHost host;
  auto above = root();
  REQUIRE(host.call("ca.add", {{"data_hex", to_hex(above.der())}}));
  for (int i = 0; i < 50; ++i) {
    above = issue({.subject = "O=Example, CN=Sub" + std::to_string(i), .ca = true}, &above);
    REQUIRE(host.call("ca.add", {{"data_hex", to_hex(above.der())}}));
  }
  const auto own = issue({.subject = "O=Example, CN=gate", .alternative_names = "DNS:gate.example"}, &above);
  REQUIRE(host.call("cert.import", {{"data_hex", to_hex(as_bytes(pem(own) + key_pem(own)))}}));
  const auto checked = host.call("cert.check", Json::object());
  REQUIRE(checked);
  const auto& verdict = (*checked)["items"][0];
  CHECK(verdict["ok"] == false);
  CHECK(verdict["failure"]["kind"] == "chain-too-long");
  CHECK(verdict["failure"]["text"] == "more than 10 CAs between the certificate and its root");
}
