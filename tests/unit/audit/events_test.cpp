#include "audit/events.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "audit/record.hpp"
#include "base/text.hpp"

using namespace ipsec9000;

namespace {
constexpr const char* declared_names[] = {
#define IPSEC9000_AUDIT_EVENT(name, id, level, sentence, meaning) #name,
#include "audit/events.def"
#undef IPSEC9000_AUDIT_EVENT
};

std::set<std::string> placeholders(std::string_view sentence) {
  std::set<std::string> names;
  for (auto open = sentence.find('{'); open != std::string_view::npos; open = sentence.find('{', open + 1))
    names.emplace(sentence.substr(open + 1, sentence.find('}', open) - open - 1));
  return names;
}
}  // namespace

TEST_CASE("an event's id is its name with dashes, and stands once") {
  std::set<std::string_view> ids;
  REQUIRE(std::size(declared_names) == all_events().size());
  for (std::size_t i = 0; i < all_events().size(); ++i) {
    std::string expected = declared_names[i];
    std::replace(expected.begin(), expected.end(), '_', '-');
    CHECK(all_events()[i]->id == expected);
    CHECK(ids.insert(all_events()[i]->id).second);
    CHECK(find_event(expected) == all_events()[i]);
  }
  CHECK(find_event("no-such-event") == nullptr);
}

TEST_CASE("every sentence is well formed") {
  for (const auto* event : all_events()) {
    CAPTURE(event->id);
    CHECK_FALSE(event->sentence.empty());
    CHECK((event->meaning.ends_with('.') || event->meaning.ends_with('?')));
    CHECK_FALSE(event->sentence.ends_with('.'));
    int brackets = 0;
    int braces = 0;
    for (const char c : event->sentence) {
      brackets += c == '[' ? 1 : c == ']' ? -1 : 0;
      braces += c == '{' ? 1 : c == '}' ? -1 : 0;
      CHECK((brackets == 0 || brackets == 1));
      CHECK((braces == 0 || braces == 1));
    }
    CHECK(brackets == 0);
    CHECK(braces == 0);
    for (const auto& name : placeholders(event->sentence))
      CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos);
  }
}

TEST_CASE("every sentence reads cleanly with all values and with none") {
  for (const auto* event : all_events()) {
    CAPTURE(event->id);
    AuditFields fields;
    for (const auto& name : placeholders(event->sentence)) fields.emplace_back(name, "<" + name + ">");
    const auto full = make_record(*event, fields).text;
    CHECK(full.find_first_of("{}[]") == std::string::npos);
    for (const auto& [name, value] : fields) CHECK_THAT(full, Catch::Contains(value));
    const auto bare = make_record(*event).text;
    CHECK(bare.find_first_of("{}[]") == std::string::npos);
    CHECK(bare.find("  ") == std::string::npos);
    CHECK(bare == trim(bare));
  }
}

TEST_CASE("levels are read and printed by name") {
  for (const auto level :
       {AuditLevel::alert, AuditLevel::error, AuditLevel::warning, AuditLevel::informative, AuditLevel::debug})
    CHECK(*parse_audit_level(to_string(level)) == level);
  CHECK(*parse_audit_level("ERROR") == AuditLevel::error);
  CHECK(AuditLevel::alert < AuditLevel::error);
  CHECK(AuditLevel::informative < AuditLevel::debug);
}

TEST_CASE("a wrong level names the nearest one") {
  const auto level = parse_audit_level("wraning");
  REQUIRE_FALSE(level);
  CHECK_THAT(level.error().text, Catch::Contains("did you mean \"warning\""));
  CHECK_FALSE(parse_audit_level(""));
  CHECK_FALSE(parse_audit_level(std::string(100000, 'x')));
}
