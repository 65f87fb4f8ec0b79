#include "model/transform.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000;

TEST_CASE("a transform is written as HP-UX wrote it, and read back the same") {
  for (const auto* text : {"ESP-AES128-HMAC-SHA256/28800/0", "AH-SHA256+ESP-AES128/28800/0", "AH-MD5/600/5120",
                           "ESP-3DES-HMAC-SHA1/0/0", "ESP-NULL-HMAC-SHA256/28800/0", "ESP-AES128-GCM16/28800/0",
                           "ESP-CHACHA20-POLY1305/28800/0", "ESP-AES256/10/64"}) {
    const auto transform = Transform::parse(text);
    INFO(text);
    REQUIRE(transform);
    CHECK(transform->to_string() == text);
    CHECK(Transform::parse(transform->to_string())->to_string() == text);
  }
  CHECK(Transform::parse("esp-aes128-hmac-sha1")->to_string() == "ESP-AES128-HMAC-SHA1/28800/0");
}

TEST_CASE("each name of the list is a transform of that name") {
  for (const auto& name : transform_names()) {
    INFO(name);
    REQUIRE(Transform::parse(name));
    CHECK(Transform::parse(name)->name() == name);
  }
}

TEST_CASE("what is no transform is refused in words") {
  struct Row {
    std::string text;
    std::string part;
  };
  const std::vector<Row> rows{
      {"", "is no transform"},
      {"ESP-AES12-HMAC-SHA256", "did you mean"},
      {"AH-SHA256+", "is no transform"},
      {"ESP-AES128+AH-SHA256", "one AH, a plus sign, one ESP"},
      {"AH-SHA1+AH-SHA256", "one AH"},
      {"AH-SHA1/9", "10-4294967294"},
      {"AH-SHA1/4294967295", "10-4294967294"},
      {"AH-SHA1/600/63", "64-4294967294"},
      {"AH-SHA1/600/64/1", "NAME/SECONDS/KILOBYTES"},
      {"AH-SHA1/-1", "lifetime"},
      {"AH-\x1b[31m", "\\x1b"},
  };
  for (const auto& row : rows) {
    const auto transform = Transform::parse(row.text);
    INFO(row.text);
    REQUIRE_FALSE(transform);
    CHECK(transform.error().text.find(row.part) != std::string::npos);
  }
}

TEST_CASE("legacy and authentication are told from the algorithms") {
  CHECK(Transform::parse("ESP-DES-HMAC-SHA1")->is_legacy());
  CHECK(Transform::parse("AH-MD5")->is_legacy());
  CHECK(Transform::parse("AH-MD5+ESP-AES128")->is_legacy());
  CHECK_FALSE(Transform::parse("ESP-AES128-HMAC-SHA1")->is_legacy());
  CHECK_FALSE(Transform::parse("ESP-AES128")->is_authenticated());
  CHECK(Transform::parse("ESP-AES128-GCM16")->is_authenticated());
  CHECK(Transform::parse("AH-SHA1+ESP-AES128")->is_authenticated());
}

TEST_CASE("an ISAKMP proposal names cipher, hash and group; the error names the part that is wrong") {
  CHECK(IkeProposal::parse("AES128-SHA256-MODP2048")->to_string() == "AES128-SHA256-MODP2048");
  CHECK(IkeProposal::parse("DES-MD5-MODP768")->is_legacy());
  CHECK_FALSE(IkeProposal::parse("AES256-SHA1-CURVE25519")->is_legacy());
  CHECK(IkeProposal::parse("AES128-SHA256").error().text.find("CIPHER-HASH-GROUP") != std::string::npos);
  CHECK(IkeProposal::parse("AES129-SHA256-MODP2048").error().text.find("cipher") != std::string::npos);
  CHECK(IkeProposal::parse("AES128-SHA257-MODP2048").error().text.find("hash") != std::string::npos);
  CHECK(IkeProposal::parse("AES128-SHA256-MODP2049").error().text.find("did you mean \"MODP2048\"") !=
        std::string::npos);
}
