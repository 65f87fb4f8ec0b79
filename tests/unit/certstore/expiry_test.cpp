#include "certstore/expiry.hpp"

#include <catch2/catch.hpp>

#include "support/certificates.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
constexpr Duration hour = std::chrono::hours(1);
constexpr Duration day = std::chrono::hours(24);

// What is told when somebody looks every hour from `from` to `until`.
std::vector<std::pair<int, Duration>> told_hourly(ExpiryWatch& watch, WallTime from, WallTime until, WallTime end) {
  std::vector<std::pair<int, Duration>> told;
  for (auto now = from; now <= until; now += hour)
    for (const auto& notice : watch.due(now)) told.emplace_back(notice.days, end - now);
  return told;
}
}  // namespace

TEST_CASE("each step before the end of a certificate is told once") {
  const Ending ending{"Certificate gate", pki_now, pki_now + 365 * day};
  ExpiryWatch watch;
  watch.watch({ending});
  const auto told = told_hourly(watch, pki_now, ending.until + 5 * day, ending.until);
  const std::vector<std::pair<int, Duration>> wanted = {{30, 30 * day}, {7, 7 * day}, {1, day}, {0, Duration::zero()}};
  CHECK(told == wanted);
}

TEST_CASE("what is renewed is not warned of, and its own end is") {
  const Ending old{"CRL of CN=Root", pki_now, pki_now + 365 * day};
  ExpiryWatch watch;
  watch.watch({old});
  CHECK(watch.due(pki_now + 360 * day).size() == 1);
  const Ending renewed{old.what, pki_now + 360 * day, pki_now + 720 * day};
  watch.watch({renewed});
  CHECK(watch.due(pki_now + 361 * day).empty());
  REQUIRE(watch.due(pki_now + 700 * day).size() == 1);
  CHECK(watch.due(pki_now + 700 * day).empty());
}

TEST_CASE("steps that passed while nobody looked are one warning") {
  ExpiryWatch watch;
  watch.watch({{"Certificate gate", pki_now, pki_now + 365 * day}});
  const auto notices = watch.due(pki_now + 365 * day - 5 * hour);
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].days == 1);
  CHECK(watch.sentences(pki_now + 365 * day - 5 * hour) ==
        std::vector<std::string>{"Certificate gate ends in 5 hours, at 2027-01-01T00:00:00.000Z"});
}

TEST_CASE("what was told is not told again after a restart, and the next step is") {
  const Ending ending{"Certificate gate (O=Example, CN=gate)", pki_now, pki_now + 365 * day};
  ExpiryWatch watch;
  watch.watch({ending});
  REQUIRE(watch.due(ending.until - 20 * day).size() == 1);
  const auto told = watch.told();
  CHECK(told == "30 1798761600000 Certificate gate (O=Example, CN=gate)\n");
  ExpiryWatch again;
  again.restore(told);
  again.watch({ending});
  CHECK(again.due(ending.until - 19 * day).empty());
  const auto next = again.due(ending.until - 6 * day);
  REQUIRE(next.size() == 1);
  CHECK(next[0].days == 7);
  ExpiryWatch renewed;  // the same name, another end
  renewed.restore(told);
  renewed.watch({{ending.what, pki_now, pki_now + 366 * day}});
  CHECK(renewed.due(ending.until - 5 * day).size() == 1);
}

TEST_CASE("a damaged memory of what was told is no memory, and no harm") {
  const Ending ending{"Certificate gate", pki_now, pki_now + 365 * day};
  for (const std::string damaged :
       {"", "\n\n", "30", "30 ", "x y z", "30 99999999999999999999999 Certificate gate", "-1 1 Certificate gate\n",
        "31 1798761600000 Certificate gate\n", "\x01\xff \x02", "30 1798761600000"}) {
    CAPTURE(damaged);
    ExpiryWatch watch;
    watch.restore(damaged);
    watch.watch({ending});
    CHECK(watch.due(ending.until - 20 * day).size() == 1);
  }
}

TEST_CASE("a list that is renewed every week is no cause for alarm before its last day") {
  const Ending weekly{"CRL of CN=Root", pki_now, pki_now + 7 * day};
  CHECK(!expiry_step(weekly, pki_now + 1 * day));
  CHECK(expiry_step(weekly, pki_now + 6 * day) == 1);
  const Ending daily{"CRL of CN=Root", pki_now, pki_now + day};
  CHECK(!expiry_step(daily, pki_now + 23 * hour));
  CHECK(expiry_step(daily, pki_now + day) == 0);
}

TEST_CASE("own certificates, CAs and CRLs are watched, peers' certificates are not") {
  const auto ca = root();
  const auto host = issue({.subject = "O=Example, CN=gate"}, &ca);
  CertificateContents contents;
  contents.entries = {{EntryKind::own, "gate", pki::Certificate::parse(host.der()).value()},
                      {EntryKind::peer, "other", pki::Certificate::parse(host.der()).value()},
                      {EntryKind::ca, "root", pki::Certificate::parse(ca.der()).value()}};
  const auto crl = pki::Crl::parse(issue_crl(ca)).value();
  contents.crls.emplace(crl_id(crl), crl);
  const auto endings = endings_of(contents);
  REQUIRE(endings.size() == 3);
  CHECK(endings[0].what == "Certificate gate (O=Example, CN=gate)");
  CHECK(endings[0].until == contents.entries[0].certificate.not_after());
  CHECK(endings[1].what.starts_with("CA certificate root ("));
  CHECK(endings[2].until == crl.next_update());
}
