// What an administrator can get wrong, each on a running service: told clearly, and nothing applied by halves.
#include "policy/host_check.hpp"
#include "service_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
struct Row {
  std::string what;
  std::string policies;
  std::vector<std::string> told;  // pieces of the message
};

std::string policy(const std::string& name, const std::string& filter, const std::string& rest) {
  return R"({"name": ")" + name + R"(", "filter": {)" + filter + R"(}, "action": )" + rest + "}";
}
const std::string tcp_to_port = R"("protocol": "tcp", "remote_port": )";

// Sound policies stand before and behind each mistake: none of them may come into force.
std::string among_others(const std::string& policies) {
  return document(policy("first", R"("remote": "10.7.0.1")", R"("discard")") + "," + policies + "," +
                  policy("last", R"("remote": "10.7.0.2")", R"("discard")"));
}
}  // namespace

TEST_CASE("a mistake is an error that names it, and no part of the configuration comes into force") {
  const std::string pass = R"("pass")";
  const std::vector<Row> rows{
      {"a control character in a name", policy("a\\u001bb", tcp_to_port + "80", pass), {"/policies/1/name", "a\\x1bb"}},
      {"a line break in a name", policy("a\\nb", tcp_to_port + "80", pass), {"/policies/1/name"}},
      {"a name twice", policy("first", tcp_to_port + "80", pass), {"/policies/1/name", "a name that no other has"}},
      {"bits behind the prefix",
       policy("a", R"("remote": "10.1.0.7/24")", pass),
       {"/policies/1/filter/remote", "the network is 10.1.0.0/24"}},
      {"the same in IPv6", policy("a", R"("remote": "fd00::7/64")", pass), {"the network is fd00::/64"}},
      {"a port with ICMP",
       policy("a", R"("protocol": "icmp", "local_port": 7)", pass),
       {"/policies/1/filter/local_port", "the protocol is icmp"}},
      {"a port with a protocol that has none",
       policy("a", R"("protocol": 47, "remote_port": 7)", pass),
       {"remote_port"}},
      {"a type of ICMP with TCP", policy("a", R"("protocol": "tcp", "icmp": {"type": 8})", pass), {"filter/icmp"}},
      {"a range that ends before it begins",
       policy("a", tcp_to_port + R"("90-80")", pass),
       {"/policies/1/filter/remote_port", "the range ends before it begins"}},
      {"families that do not meet",
       policy("a", R"("local": "10.0.0.1", "remote": "fd00::1")", pass),
       {"are of different families"}},
      {"a tunnel to itself",
       policy(
           "a", tcp_to_port + "80",
           R"("secure", "transforms": ["ESP-AES128-HMAC-SHA256"], "tunnel": {"local": "203.0.113.1", "remote": "203.0.113.1"})"),
       {"/policies/1/tunnel/remote", "and another one"}},
      {"protection for what passes",
       policy("a", tcp_to_port + "80", R"("pass", "transforms": ["AH-SHA256"])"),
       {"transforms"}},
      {"nobody to negotiate with",
       policy("a", tcp_to_port + "80", R"("secure", "transforms": [])"),
       {"/policies/1/transforms"}}};
  ServiceFixture host;
  REQUIRE(host.service->start());
  const auto before = host.kernel->policies();
  for (const auto& row : rows) {
    INFO(row.what);
    host.write(among_others(row.policies));
    host.kernel->log().clear();
    for (const auto* method : {"policy.diff", "policy.reload"}) {
      const auto refused = host.call(method);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == ErrorCode::invalid_input);
      INFO(refused.error().text);
      for (const auto& piece : row.told) CHECK(refused.error().text.find(piece) != std::string::npos);
      for (const char c : refused.error().text) CHECK((static_cast<unsigned char>(c) >= 0x20 || c == '\n'));
    }
    CHECK(host.kernel->log().empty());
    CHECK(host.kernel->policies() == before);
    CHECK(host.service->status()["generation"] == 1);
    CHECK(host.service->set().configuration.policies.size() == 1);
  }
}

TEST_CASE("a mistake that is typed is refused in the same words, and the file stays as it is") {
  const std::vector<Row> rows{
      {"a control character in a name", policy("a\\u001bb", tcp_to_port + "80", R"("pass")"), {"/policies/1/name"}},
      {"bits behind the prefix",
       policy("a", R"("remote": "10.1.0.7/24")", R"("pass")"),
       {"/policies/1/filter/remote", "the network is 10.1.0.0/24"}},
      {"a port with ICMP",
       policy("a", R"("protocol": "icmp", "local_port": 7)", R"("pass")"),
       {"/policies/1/filter/local_port", "the protocol is icmp"}},
      {"a range that ends before it begins",
       policy("a", tcp_to_port + R"("90-80")", R"("pass")"),
       {"/policies/1/filter/remote_port", "the range ends before it begins"}},
      {"families that do not meet",
       policy("a", R"("local": "10.0.0.1", "remote": "fd00::1")", R"("pass")"),
       {"are of different families"}}};
  ServiceFixture host;
  const auto sound = document(policy("first", R"("remote": "10.7.0.1")", R"("discard")") + "," +
                              policy("last", R"("remote": "10.7.0.2")", R"("discard")"));
  host.write(sound);
  REQUIRE(host.service->start());
  for (const auto& row : rows) {
    INFO(row.what);
    auto values = Json::parse(row.policies);
    Json edit{
        {"verb", "add"}, {"section", "policies"}, {"name", values["name"]}, {"where", "before"}, {"anchor", "last"}};
    values.erase("name");
    edit["values"] = values;
    const auto refused = host.call("config.edit", {{"edits", Json::array({edit})}});
    REQUIRE_FALSE(refused);
    INFO(refused.error().text);
    CHECK(refused.error().code == ErrorCode::invalid_input);
    for (const auto& piece : row.told) CHECK(refused.error().text.find(piece) != std::string::npos);
    CHECK(*read_file(host.paths.configuration()) == sound);
  }
}

TEST_CASE("of ten megabytes with one mistake nothing comes into force") {
  std::string policies;
  const std::string blanks(5000, ' ');
  for (int n = 0; n < 2000; ++n)
    policies += policy("p" + std::to_string(n),
                       R"("remote": "10.8.)" + std::to_string(n / 250) + "." + std::to_string(n % 250) + "\"",
                       R"("pass")" + blanks) +
                ",";
  ServiceFixture host;
  REQUIRE(host.service->start());
  const auto before = host.kernel->policies();
  host.write(document(policies + policy("a", R"("remote": "10.1.0.7/24")", R"("pass")")));
  const auto refused = host.call("policy.reload");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("/policies/2000/filter/remote") != std::string::npos);
  CHECK(host.kernel->policies() == before);
}

TEST_CASE("what can be meant so is a warning that says what will happen, and comes into force as a whole") {
  const std::vector<Row> rows{
      {"two that contradict each other",
       policy("a", tcp_to_port + "80", R"("pass")") + "," + policy("b", tcp_to_port + "80", R"("discard")"),
       {"/policies/2: policy \"b\" can never match: \"a\" (place 2) is chosen before it"}},
      {"one within another",
       policy("a", R"("remote": "10.0.0.0/8", "protocol": "tcp")", R"("pass")") + "," +
           policy("b", R"("remote": "10.1.0.0/16", "protocol": "tcp")", R"("discard")"),
       {"\"b\" can never match"}},
      {"ranges that overlap",
       policy("a", tcp_to_port + R"("1000-2000")", R"("pass")") + "," +
           policy("b", tcp_to_port + R"("1500-2500")", R"("discard")"),
       {"/policies/2: policy \"b\" overlaps \"a\": remote ports 1500-2000 are in both, and \"a\" (place 2) is chosen"}},
      {"ranges of the local side, the lower one behind",
       policy("a", R"("protocol": "udp", "local_port": "1500-2500")", R"("pass")") + "," +
           policy("b", R"("protocol": "udp", "local_port": "1000-1500")", R"("discard")"),
       {"policy \"b\" overlaps \"a\": local ports 1500 are in both"}}};
  for (const auto& row : rows) {
    INFO(row.what);
    ServiceFixture host;
    REQUIRE(host.service->start());
    host.write(among_others(row.policies));
    const auto warnings = host.result("policy.diff")["warnings"];
    REQUIRE(warnings.size() >= 1);
    const auto all = warnings.dump(-1, ' ', false, Json::error_handler_t::replace);
    INFO(all);
    for (const auto& piece : row.told)
      CHECK(std::any_of(warnings.begin(), warnings.end(),
                        [&](const Json& each) { return each.get<std::string>().find(piece) != std::string::npos; }));
    host.result("policy.reload");
    CHECK(host.service->set().configuration.policies.size() == 4);
    CHECK(host.service->status()["in_step"] == true);
  }
}

TEST_CASE("ranges that meet without overlapping, and one within another, are no matter") {
  for (const auto* other : {"2001-3000", "1200-1300", "1000-2000"}) {
    ServiceFixture host;
    REQUIRE(host.service->start());
    host.write(among_others(policy("a", tcp_to_port + "\"" + other + "\"", R"("pass")") + "," +
                            policy("b", tcp_to_port + R"("1000-2000")", R"("discard")")));
    const auto difference = host.result("policy.diff");
    for (const auto& warning : difference["warnings"])
      CHECK(warning.get<std::string>().find("overlaps") == std::string::npos);
  }
}

TEST_CASE("a tunnel that begins at no address of this host is a warning at its place, and a problem while it lasts") {
  const auto tunnel = [](const std::string& name, const std::string& local) {
    return R"({"name": ")" + name + R"(", "filter": {"remote": "10.5.0.0/16"}, "action": "secure",
  "transforms": ["ESP-AES128-HMAC-SHA256"],
  "tunnel": {"remote": "203.0.113.9", "local": ")" +
           local + "\"}}";
  };
  auto parsed = parse_configuration(document(tunnel("a", "203.0.113.1") + "," + tunnel("b", "203.0.113.2")), "x");
  REQUIRE(parsed.valid());
  parsed.text = document(tunnel("a", "203.0.113.1") + "," + tunnel("b", "203.0.113.2"));
  const auto ours = *IpAddress::parse("203.0.113.1");
  const auto warnings = host_warnings(parsed, "ipsec.json", {ours});
  REQUIRE(warnings.size() == 1);
  CHECK(
      warnings[0].to_string() ==
      "ipsec.json:5:39: warning: /policies/1/tunnel/local: the tunnel of policy \"b\" begins at 203.0.113.2, which is "
      "no address of this host now: until it is, its packets are dropped");
  CHECK(host_warnings(parsed, "x", {}).size() == 2);
  CHECK(host_warnings(parsed, "x", {ours, *IpAddress::parse("203.0.113.2")}).empty());

  ServiceFixture host(tunnel("a", "203.0.113.1") + "," + tunnel("b", "203.0.113.2"));  // TEST-NET-3: nobody's
  REQUIRE(host.service->start());
  const auto problems = host.result("policy.status")["problems"].dump();
  CHECK(problems.find("policy \\\"a\\\" begins at 203.0.113.1") != std::string::npos);
  CHECK(problems.find("and 1 more like it") != std::string::npos);
}

TEST_CASE("too many policies are refused by a running service in words, and nothing is touched") {
  ServiceFixture host;
  REQUIRE(host.service->start());
  const auto policies_before = host.kernel->policies();
  std::string policies;
  for (std::size_t n = 0; n <= maximum_policies; ++n)
    policies += (n == 0 ? "{\"name\":\"p" : ",{\"name\":\"p") + std::to_string(n) + R"(","action":"pass","filter":{}})";
  host.write(document(policies));
  host.kernel->log().clear();
  const auto answer = host.call("policy.reload");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::invalid_input);
  CHECK(answer.error().text.find("more than 200000 policies") != std::string::npos);
  CHECK(answer.error().text.size() < 1000);
  for (const auto& line : host.kernel->log())  // it may have been looked at meanwhile
    CHECK((line.starts_with("read") || line.starts_with("get") || line.starts_with("open")));
  CHECK(host.kernel->policies() == policies_before);
  CHECK(host.service->status()["policies"] == 1);
  CHECK(host.service->status()["generation"] == 1);
}

TEST_CASE("policies for local addresses that this host has not are one warning, at the first of them") {
  const auto policy = [](const std::string& name, const std::string& local) {
    return "{\"name\": \"" + name + "\", \"action\": \"pass\", \"filter\": {\"protocol\": \"tcp\",\n  \"local\": \"" +
           local + "\"}}";
  };
  const auto warnings_of = [](const std::string& policies, const std::vector<IpAddress>& local) {
    auto parsed = parse_configuration(document(policies), "x");
    REQUIRE(parsed.valid());
    parsed.text = document(policies);
    std::vector<std::string> lines;
    for (const auto& message : host_warnings(parsed, "x", local)) lines.push_back(message.to_string());
    return lines;
  };
  const auto ours = *IpAddress::parse("10.2.0.1");
  const auto three = policy("a", "10.1.0.0/16") + "," + policy("b", "10.2.0.0/16") + "," + policy("c", "10.3.0.0/16");
  const auto told = warnings_of(three, {ours});
  REQUIRE(told.size() == 1);
  CHECK(told[0] ==
        "x:2:3: warning: /policies/0/filter/local: policy \"a\" is for local addresses of 10.1.0.0/16, of which this "
        "host has none now: until it has, no packet of its own is for this policy (and 1 more like it)");
  CHECK(warnings_of(three, {ours, *IpAddress::parse("10.1.255.255"), *IpAddress::parse("10.3.0.0")}).empty());
  CHECK(
      warnings_of(policy("one", "10.9.0.1") + "," + policy("six", "fd00::/8"), {*IpAddress::parse("fd00::1")}).empty());
  // Where there are tunnels, others than this host may be meant.
  const std::string tunnel =
      R"({"name": "t", "filter": {"remote": "10.5.0.0/16"}, "action": "secure",
  "transforms": ["ESP-AES128-HMAC-SHA256"],
  "tunnel": {"remote": "203.0.113.9", "local": "10.2.0.1"}})";
  CHECK(warnings_of(three + "," + tunnel, {ours}).empty());
  CHECK(warnings_of(tunnel + "," + three, {ours}).empty());
  const auto both = warnings_of(three + "," + tunnel, {*IpAddress::parse("10.3.0.1")});
  REQUIRE(both.size() == 1);
  CHECK(both[0].find("/policies/3/tunnel/local") != std::string::npos);
}

TEST_CASE("that a tunnel begins at no address of this host is told by diff and by an edit as well, quick or not") {
  const std::string tunnel =
      R"({"name": "a", "filter": {"remote": "10.5.0.0/16"}, "action": "secure",
  "transforms": ["ESP-AES128-HMAC-SHA256"],
  "tunnel": {"remote": "203.0.113.9", "local": "203.0.113.1"}})";
  ServiceFixture host;
  REQUIRE(host.service->start());
  const auto is_told = [](const Json& answer) {
    const auto& warnings = answer["warnings"];
    REQUIRE(warnings.size() == 1);
    const auto text = warnings[0].get<std::string>();
    INFO(text);
    CHECK(text.find("ipsec.json:4:") != std::string::npos);
    CHECK(text.find(": warning: /policies/1/tunnel/local: the tunnel of policy \"a\" begins at 203.0.113.1") !=
          std::string::npos);
  };
  host.write(document(telnet_secured + ",\n" + tunnel));
  is_told(host.result("policy.diff"));
  host.result("policy.reload");
  const auto set = [&](const std::string& name) {
    const Json edit{{"verb", "set"},
                    {"section", "policies"},
                    {"name", name},
                    {"values", {{"transforms", Json::array({"ESP-AES256-HMAC-SHA256"})}}}};
    return host.result("config.edit", {{"edits", Json::array({edit})}});
  };
  // Of the policy before it, and of the tunnel's own.
  is_told(set("telnet"));
  is_told(host.result("policy.diff"));
  is_told(set("a"));
  is_told(host.result("policy.diff"));
  host.result("policy.reload");
  is_told(set("a"));
  CHECK(host.result("policy.diff")["changed"] == 0);
}
