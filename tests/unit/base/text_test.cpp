#include "base/text.hpp"

#include <catch2/catch.hpp>

#include "support/hostile_text.hpp"

using namespace ipsec9000;

TEST_CASE("hostile texts become one clean line") {
  for (const auto& [what, text] : test::hostile_texts()) {
    CAPTURE(what);
    const auto safe = escape_control(text);
    CHECK(test::is_one_clean_line(safe));
    CHECK_THAT(safe, Catch::Contains("\\x"));
  }
}

TEST_CASE("every single byte is safe after escaping") {
  for (int byte = 0; byte < 256; ++byte) {
    CAPTURE(byte);
    CHECK(test::is_one_clean_line(escape_control(std::string(1, static_cast<char>(byte)))));
  }
}

TEST_CASE("ordinary text stays as it is") {
  const char* text =
      GENERATE("", "plain ASCII ~", "M\xc3\xbcller", "\xe6\x97\xa5\xe6\x9c\xac", "\xf0\x9f\x94\x92", "\xc2\xa0");
  CHECK(escape_control(text) == text);
}

TEST_CASE("a backslash is escaped, so that escapes cannot be forged") {
  CHECK(escape_control("\\x0a") == "\\x5cx0a");
  CHECK(escape_control("\n") == "\\x0a");
}

TEST_CASE("a typing mistake finds its word") {
  const std::vector<std::string> words = {"alert", "error", "warning", "informative", "debug"};
  CHECK(nearest_word("eror", words) == "error");
  CHECK(nearest_word("WARNIGN", words) == "warning");
  CHECK(nearest_word("informativ", words) == "informative");
  CHECK(nearest_word("debug", words) == "debug");
}

TEST_CASE("what resembles nothing finds nothing") {
  const std::vector<std::string> words = {"alert", "error"};
  CHECK_FALSE(nearest_word("policy", words));
  CHECK_FALSE(nearest_word("", words));
  CHECK_FALSE(nearest_word(std::string(100000, 'e'), words));
  CHECK_FALSE(nearest_word("error", {}));
}

TEST_CASE("numbers are read whole or not at all") {
  CHECK(parse_number("0") == 0);
  CHECK(parse_number("18446744073709551615") == UINT64_MAX);
  CHECK(parse_number("65535", 65535) == 65535);
  CHECK_FALSE(parse_number("65536", 65535));
  const char* wrong = GENERATE("", " 1", "1 ", "+1", "-1", "1.0", "0x10", "1e3", "18446744073709551616");
  CAPTURE(wrong);
  CHECK_FALSE(parse_number(wrong));
}

TEST_CASE("splitting and joining are each other's reverse") {
  const char* text = GENERATE("", "a", "a,b", ",", "a,,b", ",a,");
  CHECK(join(split(text, ','), ",") == text);
}

TEST_CASE("trimming takes blanks from both ends only") {
  CHECK(trim(" \t a b \r\n") == "a b");
  CHECK(trim(" \n ").empty());
}

TEST_CASE("numbers are shown with a fixed count of digits") {
  CHECK(hex8(0xc0de) == "0000c0de");
  CHECK(hex16(0x0123456789abcdef) == "0123456789abcdef");
}
