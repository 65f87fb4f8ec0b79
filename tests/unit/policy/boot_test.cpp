#include "policy/boot.hpp"

#include <catch2/catch.hpp>

#include "support/temporary_directory.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
struct BootFixture {
  BootFixture() {
    REQUIRE(make_directory(paths.configuration().parent_path(), 0700));
    REQUIRE(make_directory(paths.state_directory(), 0700));
  }
  void configure(const std::string& text) const { REQUIRE(replace_file(paths.configuration(), text)); }
  std::optional<BootObstacle> obstacle() const {
    return boot_obstacle(paths, load_configuration(paths.configuration()));
  }

  TemporaryDirectory directory;
  Paths paths{directory.path()};
};

std::string with_bootup(bool on, const std::string& text) {
  const auto changed = set_bootup(text, on);
  REQUIRE(changed);
  const auto parsed = parse_configuration(*changed, "x");
  REQUIRE(parsed.valid());
  CHECK(parsed.configuration->startup.bootup == on);
  return *changed;
}
}  // namespace

TEST_CASE_METHOD(BootFixture, "what keeps IPSec from starting with the system is found step by step") {
  configure("nonsense");
  CHECK(obstacle() == BootObstacle::invalid_configuration);
  configure(R"({"version": 1})");
  CHECK(obstacle() == BootObstacle::off);
  configure(R"({"version": 1, "startup": {"bootup": true}})");
  CHECK(obstacle() == BootObstacle::never_started);
  REQUIRE(remember_configuration(paths));
  CHECK(obstacle() == BootObstacle::no_password);
  REQUIRE(replace_file(paths.keystore(), "any"));
  CHECK_FALSE(obstacle());
}

TEST_CASE("the boot-up option is changed in the text, and nothing else is") {
  CHECK(with_bootup(true, "{ // é\n  \"version\": 1, /* é */ \"startup\": { \"bootup\": false } // x\n}") ==
        "{ // é\n  \"version\": 1, /* é */ \"startup\": { \"bootup\": true } // x\n}");
  CHECK(with_bootup(true, R"({"version": 1, "startup": {"audit_level": "debug"}})") ==
        R"({"version": 1, "startup": { "bootup": true,"audit_level": "debug"}})");
  CHECK(with_bootup(true, R"({"version": 1, "startup": {}})") == R"({"version": 1, "startup": { "bootup": true }})");
  CHECK(with_bootup(false, "{\"version\": 1}") == "{\n  \"startup\": { \"bootup\": false },\"version\": 1}");
  const std::string on = R"({"version": 1, "startup": {"bootup": true}})";
  CHECK(with_bootup(true, on) == on);
  CHECK_FALSE(set_bootup("{\"version\": 1", true));
  CHECK_FALSE(set_bootup(R"({"startup": {"bootup": 1}})", true));
  CHECK_FALSE(set_bootup(R"({"startup": 7})", true));
  CHECK_FALSE(set_bootup("", true));
}

TEST_CASE_METHOD(BootFixture, "the start file holds the audit settings as an EnvironmentFile") {
  Startup startup;
  startup.audit_directory = "/var/log/with \"quotes\" and $";
  REQUIRE(write_start_file(paths, startup));
  CHECK(*read_file(start_file(paths)) ==
        "AUDIT_LEVEL=error\nAUDIT_DIRECTORY=\"/var/log/with \\\"quotes\\\" and \\$\"\nAUDIT_MAX_KILOBYTES=100\n");
  const auto again = read_start_file(paths);
  REQUIRE(again);
  CHECK(*again == startup);
  startup.audit_directory = "/x\nLD_PRELOAD=/y";
  CHECK_FALSE(write_start_file(paths, startup));
  REQUIRE(remove_start_file(paths));
  REQUIRE(remove_start_file(paths));
  CHECK_FALSE(read_start_file(paths));
}
