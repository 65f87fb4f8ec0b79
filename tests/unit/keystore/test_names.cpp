#include <catch2/catch.hpp>

#include "keystore/names.hpp"

using namespace ipsec9000;

namespace {
std::string bytes_of(std::string_view text) {
  const auto key = parse_pre_shared_key(text);
  return key ? to_hex(key->secret.view()) : "(" + key.error().text + ")";
}
}  // namespace

TEST_CASE("a pre-shared key in ASCII is taken byte for byte") {
  CHECK(bytes_of("secret key") == "736563726574206b6579");
  CHECK(bytes_of(" \"quoted\" ") == "202271756f7465642220");
  CHECK(bytes_of("00ff00ff") == "3030666630306666");  // hex digits without 0x are text
  CHECK(bytes_of("x0x00ff00") == "783078303066663030");
}

TEST_CASE("0x and hex digits are the bytes they name") {
  CHECK(bytes_of("0x00ff10AbCdEf0102") == "00ff10abcdef0102");
  CHECK(bytes_of("0X0102030405060708") == "0102030405060708");
}

TEST_CASE("what is no key is refused, and the error does not repeat it") {
  const std::string long_text(2051, 'a');
  const std::string long_ascii(1025, 'a');
  const std::string with_nul("abc\0def", 7);
  for (const std::string& text :
       {std::string(), std::string("0x"), std::string("0x123"), std::string("0xhunter2hunter2"),
        std::string("tab\there"), std::string("gr\xc3\xbc\xc3\x9f"), std::string("line\n"), with_nul, long_text,
        long_ascii}) {
    const auto key = parse_pre_shared_key(text);
    REQUIRE_FALSE(key);
    CHECK(key.error().code == ErrorCode::invalid_input);
    if (text.size() > 3) CHECK(key.error().text.find(text.substr(2, 3)) == std::string::npos);
  }
}

TEST_CASE("a short key works, with a warning") {
  const auto seven = parse_pre_shared_key("seven77");
  REQUIRE(seven);
  CHECK(seven->warning.find("shorter than 8 bytes") != std::string::npos);
  CHECK(parse_pre_shared_key("eight888")->warning.empty());
  CHECK_FALSE(parse_pre_shared_key("0x01020304050607")->warning.empty());
}

TEST_CASE("remote hosts have one spelling") {
  CHECK(*normal_remote_name("10.1.0.1") == "10.1.0.1");
  CHECK(*normal_remote_name("10.1.0.1/32") == "10.1.0.1");
  CHECK(*normal_remote_name("10.1.0.0/24") == "10.1.0.0/24");
  CHECK(*normal_remote_name("FD00:0::1") == "fd00::1");
  CHECK(*normal_remote_name("Host.Example") == "host.example");
  CHECK(*normal_remote_name("User@Host.Example") == "User@host.example");
  for (const char* text : {"", "10.1.0.300", "10.1.0.1/24", "fd00::1/129", "host name", "@host", "user@", "-host",
                           ".host", "a@b@c", "host\n", "h\xc3\xb6st", "::zz", "10.1.0", "%s"}) {
    CAPTURE(text);
    const auto name = normal_remote_name(text);
    CHECK_FALSE(name);
    if (!name) CHECK(name.error().code == ErrorCode::invalid_input);
  }
}

TEST_CASE("a new password has at least fifteen printable characters") {
  CHECK(check_new_password(Secret("123456789012345")));
  CHECK_FALSE(check_new_password(Secret("12345678901234")));
  CHECK(
      check_new_password(Secret("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3"
                                "\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc")));
  CHECK_FALSE(check_new_password(
      Secret("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc")));  // 9 characters, 18 bytes
  CHECK_FALSE(check_new_password(Secret("a password with\na line")));
  for (const char* not_utf8 : {"a long password in Latin \xe4", "overlong \xc0\xaf slash, long enough",
                               "cut off, long enough \xe2\x82", "surrogate, long enough \xed\xa0\x80",
                               "overlong of three, \xe0\x80\xaf long enough", "too far, long enough \xf4\x90\x80\x80"})
    CHECK_FALSE(check_new_password(Secret(not_utf8)));
  CHECK(check_new_password(Secret("euro \xe2\x82\xac and clef \xf0\x9d\x84\x9e, long enough")));
  CHECK_FALSE(check_new_password(Secret(std::string(1025, 'x'))));
}
