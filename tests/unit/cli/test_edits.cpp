// The editing verbs: what goes to secpolicyd, and what is done to the file when it does not run.
#include <catch2/catch.hpp>

#include "cli/ipsec_mgr/assignments.hpp"
#include "tool_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
std::string assigned(std::string_view list, std::vector<std::string> words) {
  const auto result = cli::assignments_of(list, words);
  if (!result) return "error: " + result.error().text;
  Json values = Json::object();
  for (const auto& [path, value] : *result) values[path] = value;
  return values.dump();
}
}  // namespace

TEST_CASE("FIELD=VALUE follows the declared keys") {
  CHECK(assigned("policies", {"filter.remote_port=23", "protocol=tcp", "remote=10.1.0.2", "exclusive=true",
                              "transforms=AH-SHA1, ESP-AES128-HMAC-SHA1", "pfs=", "tunnel.local=10.1.0.1"}) ==
        R"({"filter.remote_port":23,"filter.protocol":"tcp","filter.remote":"10.1.0.2","exclusive":true,)"
        R"("transforms":["AH-SHA1","ESP-AES128-HMAC-SHA1"],"pfs":null,"tunnel.local":"10.1.0.1"})");
  CHECK(assigned("policies", {"local_port=1024-65535", "icmp.type=8"}) ==
        R"({"filter.local_port":"1024-65535","filter.icmp.type":8})");
  CHECK(assigned("isakmp_policies", {"local_id=C=DE, CN=host", "lifetime=0"}) ==
        R"({"local_id":"C=DE, CN=host","lifetime":0})");
  CHECK(assigned("default_policy", {"action=discard"}) == R"({"action":"discard"})");
  CHECK(assigned("policies", {"acton=pass"}).find("did you mean action?") != std::string::npos);
  CHECK(assigned("policies", {"action"}).starts_with("error: expected FIELD=VALUE"));
  CHECK(assigned("policies", {"remote=a", "filter.remote=b"}).find("given twice") != std::string::npos);
}

TEST_CASE_METHOD(ToolFixture, "while secpolicyd runs it edits the file") {
  FakeDaemon secpolicyd(paths.socket("secpolicyd"),
                        answers({{"config.edit", R"({"revision": "r", "warnings": ["ipsec.json:3:1: warning: x"]})"}}));
  CHECK(mgr({"policy", "add", "web", "remote=10.1.0.3", "action=pass", "-before", "telnet"}) == 0);
  CHECK(secpolicyd.calls().back() ==
        R"(config.edit {"edits":[{"verb":"add","section":"policies","name":"web","values":{"filter.remote":"10.1.0.3",)"
        R"("action":"pass"},"where":"before","anchor":"telnet"}]})");
  CHECK(out_has("Policy web added"));
  CHECK(err_has("warning: x"));
  CHECK_FALSE(fs::exists(paths.configuration()));
}

TEST_CASE_METHOD(ToolFixture, "while it does not run the tool edits the file, by the same rules") {
  CHECK(mgr({"isakmp", "add", "peers", "proposals=AES128-SHA256-MODP2048"}) == 0);
  CHECK(mgr({"policy", "add", "telnet", "remote=10.1.0.2", "service=telnet", "action=secure",
             "transforms=ESP-AES128-HMAC-SHA256"}) == 0);
  CHECK(mgr({"policy", "add", "web", "remote=10.1.0.3", "action=pass", "-first"}) == 0);
  CHECK(mgr({"policy", "set", "default", "action=discard"}) == 0);
  CHECK(mgr({"bypass", "add", "10.9.0.1"}) == 0);
  CHECK(mgr({"check"}) == 0);
  CHECK(mgr({"export", "--json"}) == 0);
  CHECK(document()["policies"][0]["name"] == "web");
  CHECK(document()["policies"][1]["filter"]["remote_port"] == 23);
  CHECK(document()["default_policy"]["action"] == "discard");
  CHECK(document()["bypass"][0] == "10.9.0.1");
  const auto before = *read_file(paths.configuration());
  CHECK(mgr({"export"}) == 0);
  CHECK(out.str() == before);
  CHECK(mgr({"export", (root / "copy.json").string()}) == 0);
  CHECK(*read_file(root / "copy.json") == before);

  CHECK(mgr({"policy", "add", "web", "action=pass"}) == 1);
  CHECK(mgr({"policy", "set", "weeb", "action=pass"}) == 1);
  CHECK(err_has("did you mean web?"));
  CHECK(mgr({"policy", "set", "web", "action=pas"}) == 2);
  CHECK(err_has("/policies/0/action"));
  CHECK(err_has("the configuration was not changed"));
  CHECK(mgr({"policy", "move", "web"}) == 2);
  CHECK(mgr({"policy", "move", "web", "-first", "-last"}) == 2);
  CHECK(mgr({"policy", "delete", "web", "-first"}) == 2);
  CHECK(mgr({"policy", "set", "web", "colour=red"}) == 2);
  CHECK(mgr({"bypass", "add", "10.9.0.300"}) == 2);
  CHECK(*read_file(paths.configuration()) == before);

  CHECK(mgr({"policy", "move", "web", "-last"}) == 0);
  CHECK(mgr({"policy", "delete", "web"}) == 0);
  CHECK(mgr({"bypass", "delete", "10.9.0.1"}) == 0);
}

TEST_CASE_METHOD(ToolFixture, "diff and apply show each policy, its SAs and its fields") {
  const char* const changes =
      R"({"changes": [{"section": "policies", "policy": "web", "change": "~", "sas": "kept", "fields":
           [{"field": "filter.remote_port", "before": "80", "after": "8080"}]},
          {"section": "isakmp_policies", "policy": "old", "change": "-", "sas": "none", "fields": []}],
          "changed": 3, "revision": "abc", "warnings": [], "generation": 2})";
  FakeDaemon secpolicyd(paths.socket("secpolicyd"), answers({{"policy.diff", changes}, {"policy.reload", changes}}));
  const std::string shown = "~ web (SAs kept)\n    filter.remote_port: 80 -> 8080\n- isakmp_policies old\nand 1 more\n";
  CHECK(mgr({"diff"}) == 0);
  CHECK(out.str() == shown);
  CHECK(mgr({"diff", "other.json"}) == 0);
  CHECK(secpolicyd.calls().back() == "policy.diff {\"file\":\"" + (fs::current_path() / "other.json").string() + "\"}");
  file("etc/ipsec9000/ipsec.json", R"({"version": 1})");
  CHECK(mgr({"apply"}) == 0);
  CHECK(out.str() == shown + "Policies loaded\n");
  CHECK(secpolicyd.calls().back() == R"(policy.reload {"revision":"abc"})");
  CHECK(mgr({"apply", "--json"}) == 0);
  CHECK(document()["generation"] == 2);
}
