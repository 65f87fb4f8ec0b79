// Input that is meant to hurt: an answer must come, soon, and in bounded memory.
#include <catch2/catch.hpp>
#include <chrono>
#include <random>

#include "policy/parse.hpp"

using namespace ipsec9000;

namespace {
std::size_t errors(const std::string& text) { return parse_configuration(text, "x").errors(); }

const std::string valid = R"({"version": 1, "policies": [ /* one */
  {"name": "a", "action": "secure", "filter": {"remote": "10.0.0.1", "protocol": "tcp", "remote_port": "1-5"}, "transforms": ["AH-SHA1/600/100"], "pfs": "ECP256"}],
  "isakmp_policies": [{"name": "i", "proposals": ["AES128-SHA256-MODP2048"], "local_id": "a@b.example"}], "bypass": ["fd00::1"], "startup": {"bootup": true}})";
}  // namespace

TEST_CASE("every beginning of a valid file but the whole is an error, never a crash") {
  REQUIRE(errors(valid) == 0);
  for (std::size_t length = 0; length < valid.size(); ++length) CHECK(errors(valid.substr(0, length)) > 0);
}

TEST_CASE("damaged bytes never crash the parser and never go unnoticed where they break the grammar") {
  std::mt19937 random(1);
  for (int n = 0; n < 3000; ++n) {
    auto text = valid;
    for (int changes = 0; changes < 3; ++changes) text[random() % text.size()] = static_cast<char>(random() % 256);
    for (const auto& line : parse_configuration(text, "x").lines())
      for (const char c : line) CHECK(static_cast<unsigned char>(c) >= 0x20);
  }
}

TEST_CASE("hostile shapes end in an answer") {
  const std::string head = R"({"version": 1, "policies": [{"name": "a", "action": "pass", "filter": )";
  CHECK(errors(std::string(1'000'000, '[')) == 1);
  CHECK(errors(head + std::string(1'000'000, '{')) >= 1);
  std::string deep = head;
  for (int n = 0; n < 100; ++n) deep += R"({"a":)";
  CHECK(errors(deep) >= 1);
  CHECK(errors(std::string("{\"version\": 1, \"bypass\": [\"\0\"]}", 31)) >= 1);
  CHECK(errors("{\"version\": 1e400}") == 1);
  CHECK(errors("{\"version\": 99999999999999999999999999}") == 1);
  CHECK(errors("{\"version\": 1, \"bypass\": [\"" + std::string(1'000'000, 'x') + "\"]}") == 1);
  std::string members = R"({"version": 1, "startup": {)";
  for (int n = 0; n < 100'000; ++n) members += "\"k" + std::to_string(n) + "\": 1,";
  CHECK(errors(members) >= 1);
  std::string values = R"({"version": 1, "startup": {"bootup": [)";
  for (int n = 0; n < 1'000'000; ++n) values += "1,";
  CHECK(errors(values) >= 1);
}

TEST_CASE("a million mistakes give a thousand messages and a count") {
  std::string text = R"({"version": 1, "bypass": [)";
  for (int n = 0; n < 200'000; ++n) text += "1,\n";
  text += "1]}";
  const auto parsed = parse_configuration(text, "x");
  CHECK(parsed.messages.size() == 1001);
  CHECK(parsed.messages.back().text == "199001 more errors are not shown");
}

TEST_CASE("a large configuration is read in time that grows with its length") {
  std::string text = R"({"version": 1, "policies": [)";
  for (int n = 0; n < 60'000; ++n)
    text += (n == 0 ? "" : ",\n") + std::string(R"({"name": "policy_)") + std::to_string(n) +
            R"(", "action": "secure", "filter": {"remote": "10.)" + std::to_string(n >> 16) + "." +
            std::to_string((n >> 8) & 255) + "." + std::to_string(n & 255) +
            R"(", "protocol": "tcp", "remote_port": 23}, "transforms": ["ESP-AES128-HMAC-SHA256"]})";
  text += R"(], "isakmp_policies": [{"name": "i", "proposals": ["AES128-SHA256-MODP2048"]}]})";
  CHECK(text.size() > 9'000'000);
  const auto parsed = parse_configuration(text, "x");
  REQUIRE(parsed.valid());
  CHECK(parsed.configuration->policies.size() == 60'000);
}

TEST_CASE("more entries than the kernel should hold are refused") {
  std::string text = R"({"version": 1, "policies": [)";
  for (int n = 0; n < 2'000; ++n)
    text += (n == 0 ? "" : ",") + std::string(R"({"name": "p)") + std::to_string(n) +
            R"(", "action": "pass", "filter": {"protocol": "tcp", "local_port": "1-65534", "remote_port": "1-65534"}})";
  const auto parsed = parse_configuration(text + "]}", "x");
  REQUIRE_FALSE(parsed.valid());
  CHECK(parsed.messages.front().to_string() ==
        "x: /policies: found 2000 policies that become 7200000 policies of the kernel: allowed: at most 4000000 (a "
        "range of ports becomes several)");
}
