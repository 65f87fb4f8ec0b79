#include "boot.hpp"

#include "policy/boot.hpp"
#include "service_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
std::string bootable(const std::string& policies) {
  auto text = document(policies);
  return text.insert(text.rfind('}'), R"(, "startup": {"bootup": true, "audit_level": "debug"})");
}

struct BootFixture {
  BootFixture() {
    REQUIRE(make_directory(paths.configuration().parent_path(), 0700));
    REQUIRE(make_directory(paths.state_directory(), 0700));
    configure(bootable(telnet_secured));
    REQUIRE(replace_file(paths.keystore(), "any"));
    REQUIRE(remember_configuration(paths));
  }
  void configure(const std::string& text) const { REQUIRE(replace_file(paths.configuration(), text)); }
  bool daemons_follow() const { return std::filesystem::exists(start_file(paths)); }
  bool blocks_telnet() const {
    const auto found = kernel.lookup(PolicyDirection::out, telnet_out);
    return found && *found && decision_of((*found)->spec) == Decision::secure &&
           kernel.defaults().out == PolicyAction::block;
  }
  bool untouched() const { return kernel.policies().empty() && kernel.defaults().out == PolicyAction::allow; }

  TemporaryDirectory directory;
  Paths paths{directory.path()};
  FakeKernel kernel;
};
}  // namespace

TEST_CASE_METHOD(BootFixture, "at boot the policies are in the kernel, and the daemons may follow") {
  CHECK(install_at_boot(paths, kernel).exit_status == 0);
  CHECK(blocks_telnet());
  CHECK(read_file(start_file(paths))->starts_with("AUDIT_LEVEL=debug\n"));
}

TEST_CASE_METHOD(BootFixture, "with the option off, or never started, the kernel stays as it is") {
  configure(document(telnet_secured));
  CHECK(install_at_boot(paths, kernel).exit_status == 0);
  CHECK(untouched());
  configure(bootable(telnet_secured));
  std::filesystem::remove(last_configuration(paths));
  const auto outcome = install_at_boot(paths, kernel);
  CHECK(outcome.exit_status == 1);
  CHECK(outcome.text.find("never been started") != std::string::npos);
  CHECK(untouched());
  CHECK_FALSE(daemons_follow());
}

TEST_CASE_METHOD(BootFixture, "a configuration that has become invalid opens nothing: the last one's policies hold") {
  configure("{ nonsense");
  const auto outcome = install_at_boot(paths, kernel);
  CHECK(outcome.exit_status == 2);
  CHECK(blocks_telnet());
  CHECK_FALSE(daemons_follow());
}

TEST_CASE_METHOD(BootFixture, "a lost key store opens nothing: the policies hold, and no daemon follows") {
  std::filesystem::remove(paths.keystore());
  CHECK(install_at_boot(paths, kernel).exit_status == 1);
  CHECK(blocks_telnet());
  CHECK_FALSE(daemons_follow());
}
