#include "policy/schema.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "policy/keys.hpp"
#include "policy/parse.hpp"

using namespace ipsec9000;

TEST_CASE("the schema that is installed is the one that the declared keys give") {
  const auto path = std::string(IPSEC9000_SOURCE_DIR) + "/etc/ipsec.schema.json";
  const auto installed = read_file(path);
  REQUIRE(installed);
  // To bring it up to date, write configuration_schema() there.
  CHECK(*installed == configuration_schema());
}

TEST_CASE("every key is described, and its default is named unless it is required") {
  const auto rows = configuration_key_rows();
  CHECK(rows.size() >= 40);
  for (const auto& row : rows) {
    INFO(row.path);
    CHECK_FALSE(row.key->description.empty());
    CHECK_FALSE(row.key->allowed.empty());
    CHECK(row.key->required == row.key->fallback.empty());
  }
}

TEST_CASE("the schema is a JSON object that refuses unknown keys") {
  const auto schema = nlohmann::json::parse(configuration_schema());
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["properties"]["policies"]["items"]["additionalProperties"] == false);
  CHECK(schema["properties"]["policies"]["items"]["required"] == nlohmann::json::parse(R"(["name","action"])"));
}

TEST_CASE("the example configuration is valid, without a warning") {
  const auto parsed = load_configuration(std::string(IPSEC9000_SOURCE_DIR) + "/etc/ipsec.json.example");
  for (const auto& line : parsed.lines()) UNSCOPED_INFO(line);
  CHECK(parsed.valid());
  CHECK(parsed.messages.empty());
}
