#include "import_checks.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
Import hpux(const std::string& text) { return import_hpux(text, "batch"); }
const std::string ike = "add ike any -remote 0.0.0.0/0 -group 14 -hash SHA256 -encryption AES128\n";
}  // namespace

TEST_CASE("a host policy of ipsec_config becomes a policy, field by field") {
  struct Row {
    const char* options;
    const char* filter;  // as our filter prints itself
  };
  const auto row = GENERATE(values<Row>({
      {"-source 10.1.0.1 -destination 10.2.0.0/16/23 -protocol TCP",
       "local 10.1.0.1 remote 10.2.0.0/16 tcp remote port 23"},
      {"-source 10.1.0.1/32/telnet", "local 10.1.0.1 remote any tcp local port 23"},
      {"-dest 10.2.0.9 -prot ICMP", "local any remote 10.2.0.9 icmp"},
      {"-source 10.1.0.1/16/0 -destination 0.0.0.0/0/0", "local 10.1.0.0/16 remote any any"},
      {"-source fd00::1 -destination ::", "local fd00::1 remote any any"},
      {"", "local any remote 0.0.0.0/0 any"},
      {"-destination 10.2.0.9/32/80", "local any remote 10.2.0.9 tcp remote port 80"},  // no protocol: TCP, and told
  }));
  const auto import = hpux("add host h " + std::string(row.options) + " -action PASS\n");
  const auto& policy = only_policy(import);
  CHECK(policy.name == "h");
  CHECK(policy.filter.to_string() == row.filter);
  CHECK(policy.action == Decision::pass);
}

TEST_CASE("transforms, lifetimes and flags of HP-UX are ours by another spelling") {
  const auto import = hpux(ike +
                           "add host h -destination 10.2.0.1 -flags EXCLUSIVE+FALLBACK_TO_CLEAR \\\n"
                           "  -action ESP_AES128_HMAC_SHA1/3600/5120,AH_SHA1+ESP_AES256\n");
  const auto& policy = only_policy(import);
  CHECK(policy.action == Decision::secure);
  CHECK(policy.exclusive);
  REQUIRE(policy.transforms.size() == 2);
  CHECK(policy.transforms[0].to_string() == "ESP-AES128-HMAC-SHA1/3600/5120");
  CHECK(policy.transforms[1].name() == "AH-SHA1+ESP-AES256");
  CHECK_THAT(told(import), Catch::Contains("batch:2:41: warning: FALLBACK_TO_CLEAR"));
}

TEST_CASE("policies come in the order of their priorities, which are counted as ipsec_config did") {
  const auto import = hpux(
      "add host c -destination 10.3.0.0/16 -action PASS -priority 30\n"
      "add host d -destination 10.4.0.0/16 -action DISCARD\n"  // 40
      "add host a -destination 10.1.0.0/16 -action PASS -priority 10\n"
      "add host default -action DISCARD\n");
  INFO(told(import));
  REQUIRE(import.understood());
  CHECK(policy_names(import) == std::vector<std::string>{"a", "c", "d"});
  CHECK(import.configuration.default_action == Decision::discard);
}

TEST_CASE("where our selection would choose another policy than HP-UX, that is told") {
  const auto import = hpux(
      "add host net -destination 10.1.0.0/16 -action DISCARD\n"
      "add host one -destination 10.1.0.1 -action PASS\n");
  CHECK(import.understood());
  CHECK_THAT(told(import), Catch::Contains("batch:2:10: warning: policy one is more exact and is chosen before net"));
}

TEST_CASE("a tunnel gives its policy the ends, the transforms and what is negotiated") {
  const auto import =
      hpux(ike +
           "add tunnel t -tsource 192.0.2.1 -tdestination 192.0.2.9 -source 10.1.0.0/16 -destination 10.2.0.0/16\n"
           "add gateway g -source 10.1.0.0/16 -destination 10.2.0.0/16 -tunnel t -action FORWARD\n");
  const auto& policy = only_policy(import);
  CHECK(policy.name == "g");
  REQUIRE(policy.tunnel);
  CHECK(policy.tunnel->remote.to_string() == "192.0.2.9");
  CHECK(policy.filter.to_string() == "local 10.1.0.0/16 remote 10.2.0.0/16 any");
  CHECK(policy.transforms[0].name() == "ESP-AES128-HMAC-SHA1");
}

TEST_CASE("ike policies and authentication records become ISAKMP policies; keys are named, never shown") {
  const auto import = hpux(
      "add ike all -remote 0.0.0.0/0\n"
      "add ike net -remote 10.2.0.0/16 -auth PSK -group 2 -hash SHA1 -encryption AES256 -life 600 -maxqm 1 -priority "
      "5\n"
      "add auth peer -remote 10.2.0.7 -exchange AM -preshared verysecretkey -ltype FQDN -lid a.example\n"
      "add auth other -remote 10.9.0.1 -preshared anothersecretkey\n");
  INFO(told(import));
  REQUIRE(import.understood());
  const auto& policies = import.configuration.isakmp_policies;
  REQUIRE(policies.size() == 3);
  CHECK(policies[0].name == "peer");
  CHECK(policies[0].aggressive);
  CHECK(policies[0].local_id->to_string() == "a.example");
  CHECK(policies[0].remote->to_string() == "10.2.0.7");
  CHECK(policies[1].name == "net");
  CHECK(policies[1].proposals[0].to_string() == "AES256-SHA1-MODP1024");
  CHECK(policies[1].lifetime == 600);
  CHECK(policies[1].max_quick_modes == 1);
  CHECK(policies[2].proposals[0].to_string() == "3DES-MD5-MODP1024");  // what HP-UX took when nothing was said
  CHECK(import.configuration.allow_legacy);
  CHECK(import.keys == std::vector<std::string>{"10.2.0.7", "10.9.0.1"});
  CHECK(told(import).find("secretkey") == std::string::npos);
}

TEST_CASE("bypass and startup are carried over, and what is not is told with its place") {
  const auto import = hpux(
      "# comment\n"
      "ipsec_config add bypass 192.168.9.1\n"
      "add startup -autoboot ON -auditlvl WARNING -maxsize 500 -spd_soft 25\n"
      "add ikev2 x -remote 10.0.0.1\n"
      "delete host y\n");
  INFO(told(import));
  CHECK(import.understood());
  CHECK(import.configuration.bypass.size() == 1);
  CHECK(import.configuration.startup.audit_level == "warning");
  CHECK(import.configuration.startup.audit_max_kilobytes == 500);
  for (const char* part : {"batch:3:23: warning: -autoboot ON", "-spd_soft has no counterpart",
                           "batch:4:5: warning: add ikev2", "batch:5:1: warning: a deletion"})
    CHECK_THAT(told(import), Catch::Contains(part));
}

TEST_CASE("what is wrong in a batch file is named with line and column") {
  struct Row {
    const char* text;
    const char* said;
  };
  const auto row = GENERATE(values<Row>({
      {"remove host x", "batch:1:1: a line must begin with add or delete"},
      {"add", "batch:1:1: what to add is missing"},
      {"add hosts x", "batch:1:5: \"hosts\" is nothing that can be added"},
      {"add host", "batch:1:5: add host needs a name"},
      {"add host x -frobnicate 1", "batch:1:12: host has no option \"-frobnicate\""},
      {"add host x -source", "batch:1:12: -source needs a value"},
      {"\nadd host x -source 10.1.0.300", "batch:2:20:"},
      {"add host x -source 10.1.0.1/33", "batch:1:20: the prefix length must be 0 to 32"},
      {"add host x -source 10.1.0.1/32/frob", "batch:1:20: \"frob\" is neither a port nor a service"},
      {"add host x -action ESP_ROT13", "batch:1:20:"},
      {"add host x -priority 0x7", "batch:1:22: a priority is"},
      {"add host x -tunnel t -action PASS", "batch:1:20: there is no tunnel \"t\""},
      {"add ike x -remote 10.0.0.1 -group 99", "batch:1:35: -group is not known"},
      {"add ike x -group 2", "batch:1:9: -remote is missing"},
      {"add bypass nowhere", "batch:1:12:"},
  }));
  const auto import = hpux(row.text);
  CHECK_FALSE(import.understood());
  CHECK_THAT(told(import), Catch::Contains(row.said));
}
