#include "audit/record.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "support/hostile_text.hpp"

using namespace ipsec9000;

namespace {
constexpr AuditEvent test_event{"test-event", AuditLevel::warning, "Seen {what}[ from {remote}][ ({a}/{b})] today",
                                "A test."};

AuditRecord sample() {
  auto record = make_record(audit::qm_timeout, {{"message_id", "1a2b3c4d"}, {"remote", "10.1.0.2"}});
  record.number = 31;
  record.from = "ikpmd";
  record.time = WallTime(milliseconds(1003508550007));
  record.correlation = "0123456789abcdef";
  return record;
}
}  // namespace

TEST_CASE("a sentence is filled with the values that are there") {
  CHECK(make_record(test_event, {{"what", "x"}, {"remote", "10.1.0.2"}, {"a", "1"}, {"b", "2"}}).text ==
        "Seen x from 10.1.0.2 (1/2) today");
  CHECK(make_record(test_event, {{"what", "x"}, {"a", "1"}}).text == "Seen x today");
  CHECK(make_record(test_event, {{"what", "x"}, {"remote", ""}}).text == "Seen x today");
  CHECK(make_record(test_event).text == "Seen today");
}

TEST_CASE("the known texts of the original are kept") {
  CHECK(sample().text == "QM negotiation timeout, mess ID 1a2b3c4d with the peer 10.1.0.2");
  CHECK(make_record(audit::mm_timeout).text == "MM negotiation timeout");
  CHECK(make_record(audit::mm_complete, {{"remote", "10.1.0.2"}}).text ==
        "MM negotiation complete with the peer 10.1.0.2");
  CHECK(make_record(audit::no_preshared_key, {{"remote", "10.1.0.2"}}).text ==
        "No preshared key for remote host 10.1.0.2");
}

TEST_CASE("a value cannot bring placeholders, brackets or lines of its own") {
  CHECK(make_record(test_event, {{"what", "{remote}]["}, {"remote", "h"}}).text == "Seen {remote}][ from h today");
  for (const auto& [what, text] : test::hostile_texts()) {
    CAPTURE(what);
    const auto record = make_record(test_event, {{"what", text}});
    CHECK(test::is_one_clean_line(record.text));
    CHECK(test::is_one_clean_line(record.fields.at(0).second));
    CHECK(audit_record_from_json(to_json(record)));
  }
}

TEST_CASE("the longest values still make a record that can be stored and read") {
  const std::string worst = GENERATE(std::string(1 << 20, '\n'), std::string(1 << 20, '"'), std::string(1 << 20, '\\'),
                                     std::string(1 << 20, '\xff'));
  AuditFields fields = {{"what", worst}, {"remote", worst}, {"a", worst}, {"b", worst}};
  for (int i = 0; i < 100; ++i) fields.emplace_back(std::string(1000, '"') + std::to_string(i), worst);
  const auto record = make_record(test_event, fields);
  const auto line = to_json(record).dump();
  CHECK(line.size() < max_audit_line);
  const auto again = audit_record_from_json(Json::parse(line));
  REQUIRE(again);
  CHECK(again->text == record.text);
}

TEST_CASE("a record survives JSON") {
  CHECK(*audit_record_from_json(Json::parse(to_json(sample()).dump())) == sample());
}

TEST_CASE("the JSON has the members of the contract") {
  const auto json = to_json(sample());
  CHECK(json["number"] == 31);
  CHECK(json["from"] == "ikpmd");
  CHECK(json["level"] == "error");
  CHECK(json["time"] == "2001-10-19T16:22:30.007Z");
  CHECK(json["event"] == "qm-timeout");
  CHECK(json["text"] == "QM negotiation timeout, mess ID 1a2b3c4d with the peer 10.1.0.2");
  CHECK(json["fields"]["message_id"] == "1a2b3c4d");
}

TEST_CASE("records of another shape are refused") {
  const char* change =
      GENERATE(R"({"number": -1})", R"({"number": "31"})", R"({"number": 1.5})", R"({"from": 1})", R"({"from": null})",
               R"({"level": "loud"})", R"({"level": 1})", R"({"time": "yesterday"})",
               R"({"time": "2001-13-19T16:22:30.007Z"})", R"({"time": "2001-02-30T16:22:30.007Z"})",
               R"({"time": "2001-10-19T24:22:30.007Z"})", R"({"time": "2001-10-19T16:22:30.007+01:00"})",
               R"({"time": "2001-10-19T16:22:30.Z"})", R"({"time": "2001-10-19T16:22:30.-07Z"})",
               R"({"time": "1969-10-19T16:22:30Z"})", R"({"event": []})", R"({"text": {}})", R"({"correlation": 7})",
               R"({"fields": "x"})", R"({"fields": [1]})", R"({"fields": {"a": 1}})");
  CAPTURE(change);
  auto json = to_json(sample());
  json.update(Json::parse(change));
  const auto record = audit_record_from_json(json);
  REQUIRE_FALSE(record);
  CHECK(record.error().code == ErrorCode::invalid_input);
}

TEST_CASE("each required member is required") {
  for (const char* name : {"from", "level", "time", "event", "text"}) {
    auto json = to_json(sample());
    json.erase(name);
    CAPTURE(name);
    CHECK_FALSE(audit_record_from_json(json));
  }
  for (const char* text : {"null", "[]", "1", "\"x\"", "{}"}) CHECK_FALSE(audit_record_from_json(Json::parse(text)));
}

TEST_CASE("what is too large is refused") {
  auto json = to_json(sample());
  json["text"] = std::string(max_audit_text + 1, 'x');
  CHECK_FALSE(audit_record_from_json(json));
  json = to_json(sample());
  for (std::size_t i = 0; i <= max_audit_fields; ++i) json["fields"]["f" + std::to_string(i)] = "x";
  CHECK_FALSE(audit_record_from_json(json));
}

TEST_CASE("a forged record cannot forge a line of the report") {
  for (const auto& [what, text] : test::hostile_texts()) {
    CAPTURE(what);
    auto forged = sample();
    forged.text = text;
    forged.from = text.substr(0, 8);
    const auto shown = to_hp_text(forged);
    CHECK(std::count(shown.begin(), shown.end(), '\n') == 2);
    CHECK(test::is_one_clean_line(shown.substr(0, shown.find('\n'))));
    CHECK(test::is_one_clean_line(shown.substr(shown.find('\n') + 1, shown.size() - shown.find('\n') - 2)));
  }
}

TEST_CASE("escaping a record again changes nothing") {
  const auto record = make_record(test_event, {{"what", "a\\b\nc"}});
  auto json = to_json(record);
  json["from"] = "x";
  const auto again = audit_record_from_json(json);
  REQUIRE(again);
  CHECK(again->text == record.text);
  CHECK(again->text == "Seen a\\x5cb\\x0ac today");
}

TEST_CASE("a record is shown in the two lines of the original") {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  AuditRecord record;
  record.number = 31;
  record.from = "secpolicyd";
  record.level = AuditLevel::alert;
  record.time = WallTime(milliseconds(1003507950000));
  record.text = "Integrity Check Value failure - SPI: 1C97D8 IP addr: 15.13.136.52:15.13.136.171 proto: 51.";
  CHECK(to_hp_text(record) ==
        "Msg: 31 From: SECPOLICYD Lvl: ALERT Date: Friday Oct 19 16:12:30 2001\n"
        "Event: Integrity Check Value failure - SPI: 1C97D8 IP addr: 15.13.136.52:15.13.136.171 proto: 51.\n");
}
