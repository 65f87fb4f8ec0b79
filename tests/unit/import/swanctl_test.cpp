#include "import_checks.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
Import swanctl(const std::string& text) { return import_swanctl(text, "swanctl.conf"); }

std::string connection(const std::string& settings, const std::string& child) {
  return "connections {\n  c {\n    version = 1\n    local_addrs = 10.1.0.1\n    remote_addrs = 10.1.0.2\n"
         "    proposals = aes128-sha256-modp2048\n" +
         settings + "\n    children { k {\n      esp_proposals = aes128-sha256\n      start_action = trap\n" + child +
         "\n    } }\n  }\n}\n";
}
}  // namespace

TEST_CASE("a connection and its child become an ISAKMP policy and a policy, with nothing left to say") {
  const auto import = swanctl(
      connection("local { auth = psk\n id = a.example }\n remote { auth = psk\n id = 10.1.0.2 }\n rekey_time = 4h",
                 "mode = transport\n remote_ts = dynamic[tcp/telnet]\n life_time = 30m"));
  const auto& policy = only_policy(import);
  CHECK(told(import) == "");
  CHECK(policy.name == "k");
  CHECK(policy.filter.to_string() == "local 10.1.0.1 remote 10.1.0.2 tcp remote port 23");
  CHECK_FALSE(policy.tunnel);
  CHECK(policy.transforms[0].to_string() == "ESP-AES128-HMAC-SHA256/1800/0");
  const auto& isakmp = import.configuration.isakmp_policies.at(0);
  CHECK(isakmp.remote->to_string() == "10.1.0.2");
  CHECK(isakmp.lifetime == 14400);
  CHECK(isakmp.local_id->to_string() == "a.example");
  CHECK(isakmp.proposals[0].to_string() == "AES128-SHA256-MODP2048");
  CHECK(import.keys == std::vector<std::string>{"10.1.0.2"});
}

TEST_CASE("a tunnel between networks: one policy for each pair of selectors, and PFS by the proposal's group") {
  const auto import = swanctl(connection(
      "",
      "local_ts = 10.1.0.0/16, fd00:1::/32\n remote_ts = 10.2.0.0/16,10.3.0.0/16[udp/1024-2048],fd00:2::/32\n"
      "esp_proposals = aes256gcm16-modp2048, chacha20poly1305-modp2048"));
  INFO(told(import));
  REQUIRE(import.understood());
  CHECK(policy_names(import) == std::vector<std::string>{"k", "k_2", "k_3"});  // no packet is of both families
  const auto& policies = import.configuration.policies;
  CHECK(policies[0].pfs == Group::modp2048);
  CHECK(policies[0].transforms.size() == 2);
  CHECK(policies[0].tunnel->local.to_string() == "10.1.0.1");
  CHECK(policies[1].filter.to_string() == "local 10.1.0.0/16 remote 10.3.0.0/16 udp remote port 1024-2048");
  CHECK(policies[2].filter.to_string() == "local fd00:1::/32 remote fd00:2::/32 any");
}

TEST_CASE("modes that pass and drop are actions") {
  const auto [mode, action] =
      GENERATE(table<std::string, Decision>({{"pass", Decision::pass}, {"drop", Decision::discard}}));
  CHECK(only_policy(swanctl(connection("", "mode = " + mode))).action == action);
}

TEST_CASE("what is not carried over from swanctl.conf is told with its place") {
  struct Row {
    std::string text;
    const char* said;
  };
  const auto row = GENERATE_REF(values<Row>({
      {"connections { x { version = 2 } }", "swanctl.conf:1:19: warning: IKE version 2 is not spoken here"},
      {"pools { }", "swanctl.conf:1:1: warning: the section pools"},
      {"include conf.d/*.conf\n", "swanctl.conf:1:1: warning: an included file"},
      {connection("pull = no", ""), "swanctl.conf:7:1: warning: pull is not carried over"},
      {connection("vips = 0.0.0.0", ""), "warning: vips is not carried over"},
      {connection("proposals = default", ""), "warning: the proposal default is not carried over"},
      {connection("remote_addrs = a.example", ""), "warning: remote_addrs is not one address"},
      {connection("", "mode = beet"), "warning: mode beet has no counterpart"},
      {connection("", "start_action = start"), "warning: start_action"},
      {connection("", "updown = /bin/true"), "warning: updown is not carried over"},
      {connection("", "esp_proposals = camellia128-sha1"), "warning: the proposal camellia128-sha1"},
      {"secrets { ike-1 { id = 10.1.0.2\n secret = \"verysecretkey\" } }",
       "warning: the key is not carried over: ipsec_mgr key set 10.1.0.2"},
      {"secrets { eap { } }", "warning: the secret eap"},
  }));
  const auto import = swanctl(row.text);
  CAPTURE(row.text);
  CHECK(import.understood());
  CHECK_THAT(told(import), Catch::Contains(row.said));
  CHECK(told(import).find("verysecretkey") == std::string::npos);
}

TEST_CASE("what is wrong in swanctl.conf is named with line and column") {
  struct Row {
    std::string text;
    const char* said;
  };
  const auto row = GENERATE_REF(values<Row>({
      {"connections {\n  c {\n", "swanctl.conf:2:3: the section \"c\" is never closed"},
      {"}", "swanctl.conf:1:1: \"}\" closes nothing"},
      {"connections\n", "swanctl.conf:1:1:"},
      {"secrets { ike { secret = \"x", "swanctl.conf:1:26: the quotation mark is never closed"},
      {"= 7", "swanctl.conf:1:1: a setting"},
      {connection("rekey_time = soon", ""), "rekey_time is a number of seconds"},
      {connection("", "local_ts = 10.1.0.0/16[tcp"), "\"[\" without \"]\""},
      {std::string(9, 'a') + "{a{a{a{a{a{a{a{a{a{", "nested too deeply"},
  }));
  const auto import = swanctl(row.text);
  CAPTURE(row.text, told(import));
  CHECK_FALSE(import.understood());
  CHECK_THAT(told(import), Catch::Contains(row.said));
}
