// The verbs cert, ca, crl and profile of ipsec_mgr: what they print, and in which order they ask.
#include <arpa/inet.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "golden.hpp"
#include "keystore/keystore.hpp"
#include "support/certificates.hpp"
#include "tool_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
constexpr const char* own = R"json({"kind": "own", "name": "gate", "subject": "O=Example, CN=gate",
  "issuer": "O=Example, CN=Root", "serial": "1003", "not_before": "2026-01-01T00:00:00.000Z",
  "not_after": "2027-01-01T00:00:00.000Z", "names": ["O=Example, CN=gate", "10.1.0.1", "gate.example"],
  "key": "ECDSA P-256", "bits": 256, "digest": "SHA256",
  "fingerprint": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
  "crl_urls": ["http://ca.example/root.crl", "ldap://ca.example/CN=Root"], "ocsp_urls": ["http://ca.example:8888/"]})json";
constexpr const char* peer = R"json({"kind": "peer", "name": "other", "subject": "(no name)", "issuer": "CN=Sub",
  "serial": "2a", "not_before": "2026-01-01T00:00:00.000Z", "not_after": "2026-02-01T00:00:00.000Z", "names": [],
  "key": "RSA", "bits": 2048, "digest": "SHA1", "fingerprint": "ff", "crl_urls": [], "ocsp_urls": []})json";
constexpr const char* root_ca = R"json({"kind": "ca", "name": "Root", "subject": "O=Example, CN=Root",
  "issuer": "O=Example, CN=Root", "serial": "01", "not_before": "2020-01-01T00:00:00.000Z",
  "not_after": "2040-01-01T00:00:00.000Z", "names": ["O=Example, CN=Root"], "key": "RSA", "bits": 4096,
  "digest": "SHA256", "fingerprint": "aa", "crl_urls": [], "ocsp_urls": []})json";
constexpr const char* verdicts = R"json({"items": [
  {"name": "gate", "ok": true, "failure": null, "steps": [
    {"step": "found", "ok": true, "text": "O=Example, CN=gate, serial 1003, sent by the peer"},
    {"step": "key", "ok": true, "text": "ECDSA P-256, 256 bits"},
    {"step": "chain", "ok": true, "text": "O=Example, CN=gate < O=Example, CN=Root"},
    {"step": "signature", "ok": true, "text": "signed by O=Example, CN=Root with SHA256"},
    {"step": "dates", "ok": true, "text": "valid from 2026-01-01T00:00:00Z to 2027-01-01T00:00:00Z, 300 days left"},
    {"step": "usage", "ok": true, "text": "signatures of IKE"},
    {"step": "revocation", "ok": true, "text": "no CRL of O=Example, CN=Root (revocation: tolerant)"
},
    {"step": "identity", "ok": true, "text": "\"10.1.0.1\" is in \"O=Example, CN=gate, 10.1.0.1, gate.example\""}]
},
  {"name": "10.1.0.2", "ok": false,
   "failure": {"kind": "identity-mismatch", "text": "t", "wanted": "10.1.0.2", "found": "10.1.0.77"}, "steps": [
    {"step": "found", "ok": true, "text": "CN=b, serial 2a, known here"},
    {"step": "identity", "ok": false,
     "text": "the peer says it is \"10.1.0.2\", its certificate is for \"10.1.0.77\""}]}]
})json";
constexpr const char* lists = R"json({"items": [
  {"id": "0011aabb", "issuer": "O=Example, CN=Root", "number": "05", "this_update": "2026-11-01T00:00:00.000Z",
   "next_update": "2026-12-01T00:00:00.000Z", "revoked": 3},
  {"id": "ccddeeff", "issuer": "CN=Sub", "number": "", "this_update": "2026-11-01T00:00:00.000Z",
   "next_update": null, "revoked": 0}],
  "sources": ["ldap://ca.example/CN=Root"],
  "damaged": ["/var/lib/ipsec9000/certs/crl-99999999.der is damaged and does not count: not a DER certificate revocation list"],
  "next": null})json";

// Listens at a port of the loopback interface, and answers nobody.
struct SilentManager {
  SilentManager() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(socket.get(), 4) == 0);
    socklen_t size = sizeof address;
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  bool was_asked() const { return FileDescriptor(::accept(socket.get(), nullptr, nullptr)).get() >= 0; }
  FileDescriptor socket;
  unsigned port = 0;
};
}  // namespace

TEST_CASE_METHOD(ToolFixture, "certificates, CAs, CRLs and verdicts in the layout of the golden file") {
  const auto page = [](std::initializer_list<const char*> items) {
    Json list = Json::array();
    for (const auto* item : items) list.push_back(Json::parse(item));
    return Json{{"items", list}, {"next", nullptr}}.dump();
  };
  auto shown = Json::parse(own);
  shown["pem"] = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  FakeDaemon ikpmd(paths.socket("ikpmd"), answers({{"cert.list", page({own, peer})},
                                                   {"cert.show", shown.dump()},
                                                   {"cert.check", verdicts},
                                                   {"ca.list", page({root_ca})},
                                                   {"crl.list", lists}}));
  std::string text;
  for (const auto& typed : std::vector<std::vector<std::string>>{
           {"cert", "list"}, {"cert", "show", "gate"}, {"cert", "check"}, {"ca", "list"}, {"crl", "list"}}) {
    text += "$ ipsec_mgr " + typed[0] + " " + typed[1] + (typed.size() > 2 ? " " + typed[2] : "") + "\n";
    mgr(typed);
    CHECK(err.str().empty());
    text += out.str();
  }
  check_golden("certificates", text);
}

TEST_CASE_METHOD(ToolFixture, "nothing stored is said in words, and a refused certificate is in the exit status") {
  FakeDaemon ikpmd(
      paths.socket("ikpmd"),
      answers(
          {{"cert.list", empty_page}, {"cert.check", verdicts}, {"ca.list", empty_page}, {"crl.list", empty_page}}));
  CHECK(mgr({"cert", "list"}) == 0);
  CHECK(out.str() == "No certificates\n");
  CHECK(mgr({"ca", "list"}) == 0);
  CHECK(out.str() == "No CAs\n");
  CHECK(mgr({"crl", "list"}) == 0);
  CHECK(out.str() == "No CRLs\n");
  CHECK(mgr({"cert", "check"}) != 0);
}

TEST_CASE_METHOD(ToolFixture, "the CA's secret is not spent for a profile that cannot be stored") {
  const SilentManager manager;
  const auto password = file("password", "correct horse battery staple\n");
  const auto wrong = file("wrong", "another long password\n");
  file("etc/ipsec9000/entrust.ini", "[Entrust Settings]\nManager=127.0.0.1+" + std::to_string(manager.port) + "\n");
  const auto secret = file("secret", "of the CA\n"), profile = file("profile", "of the profile\n");
  const auto create = [&](const std::string& name, const std::string& with) {
    return mgr({"profile", "create", name, "-subject", "CN=gate", "-keytype", "ecdsa256", "-reference", "1",
                "-secret-file", secret, "-profile-password-file", profile, "--password-file", with});
  };
  CHECK(create("gate", password) == 4);
  CHECK(err_has("no IPSec password has been set"));
  fs::create_directories(paths.state_directory());
  REQUIRE(Keystore::create(paths.keystore(), Secret("correct horse battery staple"), {1024, 8, 1}));
  CHECK(create("gate", wrong) == 4);
  CHECK(err_has("wrong password"));
  CHECK(create("a/b", password) != 0);
  CHECK(err_has("a profile has a name of"));
  CHECK(mgr({"cert", "request", "taken", "-subject", "CN=taken", "-keytype", "ecdsa256", "--password-file",
             password}) == 0);
  CHECK(create("taken", password) != 0);
  CHECK(err_has("there is a key \"taken\" already"));
  CHECK_FALSE(manager.was_asked());
}

TEST_CASE_METHOD(ToolFixture, "cert check prints that MD5 and SHA-1 need allow_legacy, and takes them with it") {
  const auto* digest = GENERATE("MD5", "SHA1");
  CAPTURE(digest);
  constexpr Duration years = std::chrono::hours(24 * 365 * 30);  // the tools go by the clock of the machine
  const auto ca = issue({.subject = "O=Example, CN=Root", .ca = true, .until = years, .key = test_key("RSA:2048", 1)});
  const auto peers = issue({.subject = "O=Example, CN=host",
                            .alternative_names = "IP:10.1.0.2",
                            .until = years,
                            .digest = digest,
                            .key = test_key("RSA:2048", 2)},
                           &ca);
  const auto password = file("password", "correct horse battery staple\n");
  fs::create_directories(paths.state_directory());
  REQUIRE(Keystore::create(paths.keystore(), Secret("correct horse battery staple"), {1024, 8, 1}));
  REQUIRE(mgr({"ca", "add", file("ca.pem", pem(ca)), "--password-file", password}) == 0);
  const auto sent = file("peer.pem", pem(peers));
  const auto check = [&](bool allowed) {
    file("etc/ipsec9000/ipsec.json",
         R"({"version": 1, "policies": [], "allow_legacy": )" + std::string(allowed ? "true" : "false") + "}");
    return mgr({"cert", "check", "10.1.0.2", "-sent", sent});
  };
  CHECK(check(false) != 0);
  CHECK(out.str().starts_with("10.1.0.2: not accepted\n"));
  const auto objection =
      std::string("O=Example, CN=host is signed with ") + digest + ", which needs \"allow_legacy\"\n";
  CHECK(out_has("  signature   FAILED  " + objection));
  CHECK(out_has("  identity    ok      \"10.1.0.2\" is in \"O=Example, CN=host, 10.1.0.2\"\n"));
  CHECK(check(true) == 0);
  CHECK(out.str().starts_with("10.1.0.2: accepted\n"));
  CHECK(out_has(std::string("  signature   ok      signed by O=Example, CN=Root with ") + digest + "\n"));
  CHECK_FALSE(out_has("FAILED"));
}
