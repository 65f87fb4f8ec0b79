#include "certstore/ca_quest.hpp"

#include <catch2/catch.hpp>

#include "support/certificates.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
pki::Certificate certificate_of(const Issued& issued) { return pki::Certificate::parse(issued.der()).value(); }

// peer < A < B < root
struct Ladder {
  Issued root = test::root("O=Example, CN=Root");
  Issued b = issue({.subject = "O=Example, CN=B", .ca = true, .issuer_url = "http://b.example/root.crt"}, &root);
  Issued a = issue({.subject = "O=Example, CN=A", .ca = true, .issuer_url = "http://a.example/b.crt"}, &b);
  Issued peer = issue({.subject = "O=Example, CN=peer", .issuer_url = "http://peer.example/a.crt"}, &a);
};

const EntrustSettings directory{"", {"ldap://d:389"}, {}};
std::string entry(const std::string& name) {
  return "ldap://d:389/CN=" + name + ",O=Example?cACertificate;binary?base?(objectClass=*)";
}

pki::Verdict judged(const CertificateContents& contents, const Issued& peer, const std::vector<Issued>& others = {}) {
  std::vector<Bytes> sent{peer.der()};
  for (const auto& other : others) sent.push_back(other.der());
  return pki::validate(pki::Trust(trust_of(contents, {})), sent, certificate_of(peer).names().front(), std::nullopt,
                       pki_now);
}
}  // namespace

TEST_CASE("two CAs that are missing are found one after the other, and count when the last is there") {
  const Ladder ladder;
  CertificateContents contents;
  contents.entries = {{EntryKind::ca, "root", certificate_of(ladder.root)},
                      {EntryKind::peer, "peer", certificate_of(ladder.peer)}};
  CaQuest quest;
  std::optional<Error> refused;
  const auto take = [&](const Issued& found) { return quest.take(contents, {certificate_of(found)}, {}, {}, refused); };
  CHECK(quest.sources(directory, contents, pki_now) ==
        std::vector<std::string>{entry("A"), "http://peer.example/a.crt"});
  CHECK(take(ladder.a).empty());
  REQUIRE(refused);
  CHECK(refused->text == "no CA that is known here signed the certificate of O=Example, CN=A");
  CHECK(contents.entries.size() == 2);  // nobody believes it
  CHECK_FALSE(judged(contents, ladder.peer).ok());
  CHECK(quest.sources(directory, contents, pki_now) ==
        std::vector<std::string>{entry("A"), entry("B"), "http://a.example/b.crt", "http://peer.example/a.crt"});
  CHECK(take(ladder.b) == std::vector<std::string>{"O=Example, CN=B", "O=Example, CN=A"});
  CHECK_FALSE(refused);
  CHECK_FALSE(quest.has_candidates());
  CHECK(quest.sources(directory, contents, pki_now).empty());
  CHECK(judged(contents, ladder.peer).ok());
}

TEST_CASE("what a peer shows is looked for in directories, not where it says itself, and not without end") {
  const Ladder ladder;
  CertificateContents contents;
  contents.entries = {{EntryKind::ca, "root", certificate_of(ladder.root)}};
  CaQuest quest;
  const auto unknown = judged(contents, ladder.peer);
  CHECK(quest.seek(unknown, pki_now));
  CHECK_FALSE(quest.seek(unknown, pki_now));
  CHECK(quest.sources(directory, contents, pki_now) == std::vector<std::string>{entry("A")});
  // It sent A as well: B is what is missing.
  CHECK(quest.seek(judged(contents, ladder.peer, {ladder.a}), pki_now));
  CHECK(quest.sources(directory, contents, pki_now) == std::vector<std::string>{entry("A"), entry("B")});
  CHECK_FALSE(quest.seek(judged(contents, ladder.peer, {ladder.a, ladder.b}), pki_now));  // that was all
  std::size_t more = 0;
  for (int n = 0; n < 50; ++n) {
    const auto nobody = root("O=Nobody, CN=" + std::to_string(n));
    more += quest.seek(judged(contents, issue({.subject = "O=Nobody, CN=x"}, &nobody)), pki_now) ? 1 : 0;
  }
  CHECK(more == CaQuest::wanted_maximum - 2);
  const auto late = root("O=Late, CN=Root");
  const auto last = judged(contents, issue({.subject = "O=Late, CN=x"}, &late));
  CHECK_FALSE(quest.seek(last, pki_now + std::chrono::minutes(59)));
  CHECK(quest.seek(last, pki_now + std::chrono::minutes(61)));
}

TEST_CASE("candidates are bounded, and CAs that certify each other lead nowhere") {
  const Ladder ladder;
  CertificateContents contents;
  CaQuest quest;
  std::optional<Error> refused;
  const auto one = root("O=Loop, CN=1");
  const auto two = issue({.subject = "O=Loop, CN=2", .ca = true}, &one);
  const auto one_again = issue({.subject = "O=Loop, CN=1", .ca = true, .key = one.key}, &two);
  for (int n = 0; n < 3; ++n)
    CHECK(quest.take(contents, {certificate_of(two), certificate_of(one_again)}, {}, {}, refused).empty());
  std::vector<pki::Certificate> many;
  for (int n = 0; n < 60; ++n)
    many.push_back(certificate_of(issue({.subject = "O=Many, CN=" + std::to_string(n), .ca = true}, &ladder.b)));
  CHECK(quest.take(contents, many, {}, {}, refused).empty());
  CaQuest kept;
  CHECK(kept.keep(CaQuest(quest)));
  CHECK_FALSE(kept.keep(CaQuest(quest)));
  // All of them hang on B: those that were kept in mind count with it.
  contents.entries = {{EntryKind::ca, "root", certificate_of(ladder.root)}};
  CHECK(quest.take(contents, {certificate_of(ladder.b)}, {}, {}, refused).size() == CaQuest::candidates_maximum + 1);
  CHECK(contents.entries.size() == CaQuest::candidates_maximum + 2);
}
