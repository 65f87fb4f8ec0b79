#include "cli/ipsec_mgr/screen/draft.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "operator.hpp"

using namespace ipsec9000;
using namespace ipsec9000::screen;

namespace {
Draft of_policy(const std::string& name) {
  for (const auto& item : section_of(test::commented, "policies"))
    if (item["name"] == name) return Draft::of("policies", name, item);
  return Draft::of_new("policies");
}
}  // namespace

TEST_CASE("a draft has every field of its part of the configuration, as the file has it") {
  auto draft = of_policy("telnet");
  CHECK(draft.fields().size() == 16);
  CHECK(draft.find("filter.remote_port")->text == "23");
  CHECK(draft.find("transforms")->text == "ESP-AES128-HMAC-SHA256");
  CHECK(draft.find("pfs")->text.empty());
  CHECK_FALSE(draft.changed());
  CHECK(Draft::of("startup", "", nullptr).fields().size() == 4);
}

TEST_CASE("what is not changed is not touched") {
  auto draft = of_policy("telnet");
  draft.find("filter.remote_port")->text = " 2323 ";
  draft.find("filter.protocol")->text = "";
  const auto edit = draft.edit();
  CHECK(to_json(edit)["values"].dump() == R"({"filter.protocol":null,"filter.remote_port":2323})");
  CHECK(draft.command() == "ipsec_mgr policy set telnet filter.protocol= filter.remote_port=2323");
  draft.find("transforms")->text = "AH-SHA256, ESP-AES128";
  CHECK(draft.command().ends_with("'transforms=AH-SHA256, ESP-AES128'"));
}

TEST_CASE("each field is told what is wrong with it") {
  auto draft = of_policy("telnet");
  CHECK(draft.check(test::commented));
  CHECK(draft.valid());
  draft.find("filter.remote")->text = "10.1.0.300";
  draft.find("transforms")->text = "ESP-AES128-HMAC-SHA256, ESP-AES129";
  draft.find("filter.icmp.type")->text = "8";
  CHECK(draft.check(test::commented));
  CHECK_FALSE(draft.valid());
  CHECK(draft.find("filter.remote")->problem.find("10.1.0.300") != std::string::npos);
  CHECK_FALSE(draft.find("transforms")->problem.empty());
  CHECK(draft.find("action")->problem.empty());
  draft.find("filter.remote")->text = "10.1.0.3";
  draft.find("transforms")->text = "ESP-AES128-HMAC-SHA256";
  draft.find("filter.icmp.type")->text = "";
  draft.check(test::commented);
  CHECK(draft.valid());
}

TEST_CASE("a name must be there, and be new") {
  auto draft = Draft::of_new("policies");
  draft.find("action")->text = "pass";
  draft.check(test::commented);
  CHECK_FALSE(draft.valid());
  CHECK_FALSE(draft.find("name")->problem.empty());
  draft.find("name")->text = "telnet";
  CHECK_FALSE(draft.check(test::commented));
  CHECK(draft.find("name")->problem.find("already") != std::string::npos);
  draft.find("name")->text = "web";
  const auto parsed = draft.check(test::commented);
  CHECK(draft.valid());
  CHECK(parsed->configuration->policies.size() == 4);
}

TEST_CASE("what is wrong with the whole is told too") {
  auto draft = Draft::of_new("policies");
  draft.find("name")->text = "a";
  draft.find("action")->text = "secure";
  draft.find("transforms")->text = "ESP-AES128-HMAC-SHA256";
  draft.check(empty_configuration);  // without an ISAKMP policy
  CHECK_FALSE(draft.valid());
  CHECK_FALSE(draft.problems().empty());
}
