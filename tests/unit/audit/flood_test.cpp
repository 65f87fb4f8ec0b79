#include "audit/flood.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000;

namespace {
AuditRecord flooding_record(const std::string& text, const std::string& correlation = "") {
  auto record = make_record(audit::bad_packet, {{"reason", text}});
  record.correlation = correlation;
  return record;
}
constexpr TimePoint start(Duration(1'000'000));
constexpr Duration step(1);

std::vector<std::string> texts(const std::vector<AuditRecord>& records) {
  std::vector<std::string> all;
  for (const auto& record : records) all.push_back(record.text.substr(record.text.find(": ") + 2));
  return all;
}
using Texts = std::vector<std::string>;
}  // namespace

TEST_CASE("what does not repeat goes through at once") {
  AuditFlood flood;
  for (int i = 0; i < 100; ++i) CHECK(flood.admit(flooding_record(std::to_string(i)), start).size() == 1);
  CHECK_FALSE(flood.due());
}

TEST_CASE("repetitions are counted, and told when the second is over") {
  AuditFlood flood;
  CHECK(flood.admit(flooding_record("a"), start).size() == 1);
  for (int i = 0; i < 7; ++i) CHECK(flood.admit(flooding_record("a"), start + step).empty());
  REQUIRE(flood.due() == start + AuditFlood::window);
  CHECK(flood.summaries(start + step).empty());
  const auto said = flood.summaries(*flood.due());
  CHECK(texts(said) == Texts{"a (repeated 7 times)"});
  CHECK(said[0].event == "bad-packet");
  CHECK(said[0].fields.back() == std::pair<std::string, std::string>{"repeated", "7"});
  CHECK_FALSE(flood.due());
}

TEST_CASE("a different record is not lost behind repetitions, and comes after their summary") {
  AuditFlood flood;
  flood.admit(flooding_record("a"), start);
  flood.admit(flooding_record("a"), start);
  flood.admit(flooding_record("a"), start);
  CHECK(texts(flood.admit(flooding_record("b"), start)) == Texts{"a (repeated 2 times)", "b"});
  CHECK(flood.all_summaries().empty());
}

TEST_CASE("one repetition is shown as it is; another negotiation's is none") {
  AuditFlood flood;
  flood.admit(flooding_record("a"), start);
  CHECK(flood.admit(flooding_record("a", "cafe"), start).size() == 1);
  CHECK(flood.admit(flooding_record("a", "cafe"), start).empty());
  CHECK(texts(flood.all_summaries()) == Texts{"a"});
}

TEST_CASE("a hundred thousand different records a second become a thousand and a count") {
  AuditFlood flood;
  std::size_t passed = 0;
  for (int second = 0; second < 5; ++second) {
    const auto begin = start + second * AuditFlood::window;
    for (int i = 0; i < 100'000; ++i) {
      passed +=
          flood.admit(flooding_record(std::to_string(second) + "." + std::to_string(i)), begin + Duration(i / 101))
              .size();
    }
    passed += flood.summaries(begin + AuditFlood::window).size();
  }
  CHECK(passed == 5 * (AuditFlood::most_distinct + 1));
}

TEST_CASE("an hour of one and the same is a record a second") {
  AuditFlood flood;
  std::size_t passed = 0;
  for (int ms = 0; ms < 3600 * 1000; ms += 10) {
    const auto now = start + Duration(ms);
    if (flood.due() && *flood.due() <= now) passed += flood.summaries(now).size();
    passed += flood.admit(flooding_record("a"), now).size();
  }
  CHECK(passed <= 3601);
  CHECK(passed >= 3590);
}

TEST_CASE("kinds of event are counted apart, and their number is bounded") {
  AuditFlood flood;
  for (int i = 0; i < 10'000; ++i) {
    auto record = flooding_record("a");
    record.event = "event-" + std::to_string(i);
    CHECK(flood.admit(record, start).size() == 1);
  }
}
