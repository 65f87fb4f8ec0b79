#include "certstore/entrust.hpp"

#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "pki/pkcs12.hpp"
#include "support/certificate_host.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
pki::Certificate parsed(const Issued& issued) { return pki::Certificate::parse(issued.der()).value(); }
pki::PrivateKey key_of(const Issued& issued) { return pki::PrivateKey::parse(issued.key_der()).value(); }

Result<Json> store(CertificateHost& host, const Issued& own, const Issued& ca, const char* password = "a password") {
  const auto file = pki::make_pkcs12(key_of(own), parsed(own), {parsed(ca)}, "gate", Secret("a password"));
  return host.call("profile.store",
                   {{"name", "gate"}, {"data_hex", to_hex(*file)}, {"profile_password", password}, {"roots", true}});
}
}  // namespace

TEST_CASE("entrust.ini names the manager and the directories, in today's spelling and the original's") {
  const auto settings = parse_entrust_ini(
      "; a comment\n[Entrust Settings]\nManager = manager.example+829/pkix/\r\nServer=ldap://a.example:1389/\n"
      "SERVER=b.example+389\nAuthority=ignored\n[Other]\nServer=not.this\n");
  REQUIRE(settings);
  CHECK(settings->manager == "http://manager.example:829/pkix/");
  CHECK(settings->directories == std::vector<std::string>{"ldap://a.example:1389", "ldap://b.example:389"});
  for (const char* wrong :
       {"[Entrust Settings]\nnonsense\n", "[Entrust Settings]\nManager=https://x/\n", "[Entrust Settings]\nManager=\n",
        "[Entrust Settings]\nServer=a b\n", "[Entrust Settings]\nServer=ldap://\n",
        "[Entrust Settings]\nManager=http:///pkix\n", "[Entrust Settings]\nServer=+389\n",
        "[Entrust Settings]\nRootFingerprint=AB:CD\n", "[Entrust Settings]\nManager=a\nManager=b\n"}) {
    const auto refused = parse_entrust_ini(wrong);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.starts_with("line "));
  }
  IniMistake mistake;
  const auto refused = parse_entrust_ini("[Entrust Settings]\nManager=a\n\nSERVER = a b\n", &mistake);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text == "line 4: Server: no address");
  CHECK(mistake.line == 4);
  CHECK(mistake.key == "Server");
  CHECK(mistake.text == "no address");
}

TEST_CASE("a root from a directory counts by its fingerprint, another CA by a known one's signature") {
  const auto ca = root("O=Example, CN=Root");
  const auto impostor = root("O=Example, CN=Root");
  const auto sub = issue({.subject = "O=Example, CN=Sub", .ca = true}, &ca);
  const auto forged = issue({.subject = "O=Example, CN=Sub", .ca = true}, &impostor);
  const auto own = issue({.subject = "O=Example, CN=gate"}, &sub);
  std::string colons;  // as the openssl program writes it
  const auto root_certificate = parsed(ca);
  for (const char c : root_certificate.fingerprint())
    colons += (colons.size() % 3 == 2 ? ":" : "") + std::string(1, static_cast<char>(std::toupper(c)));
  const auto settings = parse_entrust_ini("[Entrust Settings]\nServer=a+389\nRootFingerprint=" + colons + "\n");
  REQUIRE(settings);
  CHECK(settings->roots == std::vector{parsed(ca).fingerprint()});
  CertificateContents contents;
  contents.entries = {{EntryKind::own, "gate", parsed(own)}};
  const auto sources = [&] { return authority_sources(*settings, contents, {}, {}, pki_now); };
  CHECK(sources() ==
        std::vector<std::string>{"ldap://a:389/CN=Sub,O=Example?cACertificate;binary?base?(objectClass=*)"});
  const auto take = [&](const Issued& each) { return take_authority(contents, parsed(each), settings->roots, {}); };
  CHECK(take(sub).error().text == "no CA that is known here signed the certificate of O=Example, CN=Sub");
  CHECK(take(impostor).error().text.find(parsed(impostor).fingerprint()) != std::string::npos);
  CHECK_FALSE(take(own));
  CHECK(take(ca).value());
  CHECK_FALSE(take(ca).value());
  CHECK_FALSE(take(forged));
  CHECK(take(sub).value());
  CHECK(sources().empty());
  CHECK(contents.of_kind(EntryKind::ca).size() == 2);
  // One that ends soon: its successor may be there.
  CHECK(authority_sources(*settings, contents, {}, {}, parsed(ca).not_after() - std::chrono::hours(24 * 10)).size() ==
        2);
}

TEST_CASE("each directory is asked for the list of each CA by the CA's own name") {
  CertificateContents contents;
  contents.entries = {{EntryKind::ca, "root", parsed(root("C=DE, O=A & B, CN=Root"))},
                      {EntryKind::own, "gate", parsed(root("O=Example, CN=gate"))}};
  CHECK(directory_sources({"", {"ldap://a:389", "ldap://b:389"}, {}}, contents) ==
        std::vector<std::string>{
            "ldap://a:389/CN=Root,O=A%20%26%20B,C=DE?certificateRevocationList;binary?base?(objectClass=*)",
            "ldap://b:389/CN=Root,O=A%20%26%20B,C=DE?certificateRevocationList;binary?base?(objectClass=*)"});
}

TEST_CASE("a profile is kept in its own file under its own password, and opens with the key store") {
  CertificateHost host;
  const auto ca = root();
  const auto own = issue({.subject = "O=Example, CN=gate"}, &ca);
  REQUIRE(store(host, own, ca));
  CHECK(host.keys.find_private_key("gate") == nullptr);  // the key is in the file alone
  CHECK(host.store.load()->of_kind(EntryKind::ca).size() == 1);
  CHECK(read_file(profile_file(host.store, "gate")).value().find("PRIVATE") == std::string::npos);

  auto keys = host.private_keys();
  auto contents = host.store.load().value();
  std::vector<std::string> problems;
  const auto profiles = open_profiles(host.store, contents, keys, problems);
  REQUIRE(profiles.size() == 1);
  CHECK(problems.empty());
  const auto credentials = credentials_of(contents, keys, {});
  REQUIRE(credentials.own.size() == 1);
  CHECK(credentials.own[0].certificate == parsed(own));

  SECTION("what it is renewed with takes its place") {
    const auto next = issue({.subject = "O=Example, CN=gate", .key = test_key("P-256", 7)}, &ca);
    REQUIRE(store_profile(host.store, {"gate", parsed(next), key_of(next), profiles[0].others, profiles[0].password},
                          false));
    auto again = host.private_keys();
    contents = host.store.load().value();
    const auto renewed = open_profiles(host.store, contents, again, problems);
    REQUIRE(renewed.size() == 1);
    CHECK(renewed[0].certificate == parsed(next));
    CHECK(contents.find(EntryKind::own, "gate")->certificate == parsed(next));
  }
  SECTION("a damaged file is told of and harms nothing else") {
    REQUIRE(replace_file(profile_file(host.store, "gate"), "0nonsense"));
    auto again = host.private_keys();
    CHECK(open_profiles(host.store, contents, again, problems).empty());
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].starts_with("profile gate: "));
  }
  SECTION("deleting the certificate takes all of it away") {
    REQUIRE(perform({host.store, {}, pki_now, &host.keys}, "cert.delete", {{"name", "gate"}}));
    CHECK_FALSE(std::filesystem::exists(profile_file(host.store, "gate")));
    CHECK(host.keys.list().empty());
  }
}

TEST_CASE("a profile that does not open with its password is not stored") {
  CertificateHost host;
  const auto ca = root();
  CHECK_FALSE(store(host, issue({.subject = "O=Example, CN=gate"}, &ca), ca, "another"));
  CHECK(host.keys.list().empty());
  CHECK_FALSE(std::filesystem::exists(profile_file(host.store, "gate")));
}

TEST_CASE("a certificate is renewed in the last fifth of its life, at most a month before its end") {
  constexpr Duration day = std::chrono::hours(24);
  const auto year = parsed(issue({.from = Duration::zero(), .until = 365 * day}));
  CHECK(year.not_after() - renewal_due(year) == 30 * day);
  const auto ten_days = parsed(issue({.from = Duration::zero(), .until = 10 * day}));
  CHECK(ten_days.not_after() - renewal_due(ten_days) == 2 * day);
}
