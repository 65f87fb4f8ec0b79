#include "ipc/json_text.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/hostile_text.hpp"

using namespace ipsec9000;
using ipc::json_line;
using ipc::parse_json;

namespace {
std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::string object_of(std::size_t members) {
  std::string text = "{";
  for (std::size_t i = 0; i < members; ++i) text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
  return text + "}";
}
}  // namespace

TEST_CASE("JSON is read") { CHECK(parse_json(R"({"a": [1, "x\n", null]})")->dump() == R"({"a":[1,"x\n",null]})"); }

TEST_CASE("nesting is limited, and brackets inside strings do not count") {
  CHECK(parse_json(nested(32)));
  CHECK_FALSE(parse_json(nested(33)));
  CHECK_FALSE(parse_json(std::string(1000000, '[')));
  CHECK_FALSE(parse_json(std::string(1000000, ']')));
  CHECK(parse_json("\"" + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + "\""));
  CHECK(parse_json("[" + nested(1) + "," + nested(31) + "]"));
}

TEST_CASE("members of an object are limited, elements of an array are not") {
  CHECK(parse_json(object_of(1024)));
  CHECK_FALSE(parse_json(object_of(1025)));
  std::string array = "[0";
  for (int i = 0; i < 100000; ++i) array += ",0";
  CHECK(parse_json(array + "]")->size() == 100001);
}

TEST_CASE("what is not JSON is an error in one clean line") {
  const std::string text = GENERATE(as<std::string>(), "", " ", "{", "[1,]", "{\"a\"}", "{\"a\":}", "{'a':1}", "nul",
                                    "1e999", "\"\\ud800\"", "\"\\x\"", "\"open", "\"\\", "1 2", "// comment", "\xff",
                                    std::string("\"a\0b\"", 5), "\"\x1b[2J\"", "\x1b[2J");
  const auto json = parse_json(text);
  REQUIRE_FALSE(json);
  CHECK(json.error().code == ErrorCode::invalid_input);
  CHECK(test::is_one_clean_line(json.error().text));
  CHECK(json.error().text.size() < 1000);
}

TEST_CASE("strings that are not UTF-8 are refused when read and replaced when written") {
  for (const char* broken : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82"}) {
    CHECK_FALSE(parse_json("\"" + std::string(broken) + "\""));
    CHECK(parse_json(json_line(Json(broken))));
  }
}

TEST_CASE("a line of JSON has no newline in it") {
  CHECK(json_line(Json{{"a\nb", "c\nd"}}).find('\n') == std::string::npos);
}
