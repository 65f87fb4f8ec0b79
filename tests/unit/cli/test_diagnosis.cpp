// -explain, -metrics, -watch: what somebody asks when it does not work.
#include <catch2/catch.hpp>
#include <set>

#include "cli/ipsec_report/explain.hpp"
#include "cli/ipsec_report/metrics.hpp"
#include "golden.hpp"
#include "tool_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
using cli::Findings;

Findings secured() {
  Findings found;
  found.remote = "10.1.0.2";
  found.local = "10.1.0.1";
  found.policy = "telnet";
  found.action = "secure";
  found.isakmp_policy = "finance";
  found.has_key = true;
  return found;
}
FailureRecord failure(const std::string& phase, const std::string& reason, const std::string& differs = "") {
  FailureRecord record;
  record.remote = "10.1.0.2";
  record.phase = phase;
  record.reason = reason;
  record.policy = "finance";
  record.differs = differs;
  if (!differs.empty()) record.offered = "MODP1024", record.wanted = "MODP2048";
  return record;
}
std::string first_advice(const Findings& found) {
  const auto all = cli::advice(found);
  REQUIRE_FALSE(all.empty());
  return all.front();
}

const std::map<std::string, std::string> ike_answers{
    {"rpc.ping", "{}"},
    {"sad.list", sad_page},
    {"mad.list", empty_page},
    {"failures.list", R"({"items": [{"time": "2026-11-23T16:29:05.123Z", "remote": "127.0.0.1", "phase": "main",
      "policy": "finance", "place": 1, "reason": "no-proposal-chosen", "differs": "group", "offered": "MODP1024",
      "wanted": "MODP2048", "text": "No proposal chosen"}], "next": null})"},
    {"ike.peer", R"({"sent": 5, "received": 3})"},
    {"key.list", R"({"items": [{"remote": "127.0.0.1"}], "next": null})"},
    {"ike.status", R"({"isakmp_sas": 1, "negotiating": 2, "statistics": {"isakmp_sas_made": 7, "ipsec_pairs_made": 9,
      "failures": {"timeout": 3}, "main_mode_milliseconds": {"bounds": [10, 1500], "counts": [1, 2, 4], "sum": 2500}}})"}};
const std::map<std::string, std::string> policy_answers{
    {"rpc.ping", "{}"},
    {"policy.status", R"({"in_step": true, "repairs": 1, "acquires": 4})"},
    {"policy.query", R"({"policy": {"name": "telnet_in", "kind": "hashed", "place": 1, "action": "secure"},
      "isakmp_policy": {"name": "finance"}, "kernel_agrees": true})"},
    {"policy.list", R"({"items": [{"name": "telnet_in", "action": "secure", "direction": "out", "destination": "any",
      "protocol": "tcp", "destination_port": 23}, {"name": "down", "action": "secure", "direction": "out",
      "destination": "10.9.0.0/16", "protocol": "tcp", "destination_port": 1}], "next": null})"}};
}  // namespace

TEST_CASE("advice follows the policy first") {
  auto found = secured();
  found.action = "pass";
  CHECK_THAT(first_advice(found), Catch::Contains("pass in clear"));
  found.action = "discard";
  CHECK_THAT(first_advice(found), Catch::Contains("discards this traffic"));
  found = secured();
  found.isakmp_policy.reset();
  CHECK_THAT(first_advice(found), Catch::Contains("No ISAKMP policy covers 10.1.0.2"));
  found = secured();
  found.has_key = false;
  CHECK_THAT(first_advice(found), Catch::Contains("ipsec_mgr key set 10.1.0.2"));
  found = secured();
  found.kernel_agrees = false;
  CHECK_THAT(first_advice(found), Catch::Contains("another program has changed"));
}

TEST_CASE("advice names what the last negotiation failed for") {
  auto found = secured();
  found.failures = {failure("main", "no-proposal-chosen", "group")};
  CHECK(first_advice(found) ==
        "Make the two hosts agree: group differs, offered MODP1024, wanted MODP2048. It stands in the ISAKMP policy "
        "finance of each.");
  found.failures = {failure("main", "timeout")};
  found.sent = 5;
  CHECK_THAT(first_advice(found), Catch::Contains("Nothing has ever come back"));
  found.received = 2;
  CHECK_THAT(first_advice(found), Catch::Contains("refuses in silence"));
  found.failures = {failure("main", "authentication-failed")};
  CHECK_THAT(first_advice(found), Catch::Contains("different keys"));
  found.failures = {failure("quick", "no-proposal-chosen")};
  CHECK_THAT(first_advice(found), Catch::Contains("Quick Mode did not"));
}

TEST_CASE("advice where there are SAs, or nothing yet") {
  auto found = secured();
  CHECK_THAT(first_advice(found), Catch::Contains("Nothing was negotiated yet"));
  found.isakmp_sas = 1;
  CHECK_THAT(first_advice(found), Catch::Contains("none was needed yet"));
  found.sas_in = found.sas_out = 1;
  found.packets_out = 10;
  CHECK_THAT(first_advice(found), Catch::Contains("none comes back"));
  found.packets_in = 10;
  CHECK_THAT(first_advice(found), Catch::Contains("look above IPSec"));
}

TEST_CASE("the page of -explain in the layout of the golden file") {
  auto keyed = secured();
  keyed.policy_kind = "hashed";
  keyed.asked = "tcp port 23";
  keyed.isakmp_sas = 1;
  keyed.sas_in = keyed.sas_out = 2;
  keyed.packets_out = 42;
  keyed.sent = 5;
  keyed.received = 3;
  keyed.failures = {failure("main", "no-proposal-chosen", "group"), failure("quick", "timeout")};
  for (auto& each : keyed.failures) each.time = "2001-10-19T16:12:30.000Z";
  keyed.drops = {{"outbound packets that a policy discards", 4}};
  auto certified = secured();
  certified.authentication = "rsa-signature";
  certified.certificates.emplace();
  certified.certificates->own = {{"a", "2026-01-01T00:00:00.000Z", "it has expired"},
                                 {"b", "2096-01-01T00:00:00.000Z", ""}};
  certified.certificates->cas = {"CN=Root", "CN=Other"};
  certified.certificates->crls = {{"CN=Root", "2025-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z", true}};
  Findings unknown;
  unknown.remote = "10.1.0.2";
  unknown.daemons_down = {"secauditd", "secpolicyd", "ikpmd"};
  ::setenv("TZ", "UTC", 1);  // failures are shown in local time
  ::tzset();
  std::string pages;
  for (const auto& found : {keyed, certified, unknown}) pages += cli::in_words(found, cli::advice(found)) + "\n";
  check_golden("explain", pages);
}

TEST_CASE_METHOD(ToolFixture, "-explain is one page, or one document") {
  FakeDaemon secauditd(paths.socket("secauditd"), answers({{"rpc.ping", "{}"}}));
  FakeDaemon ikpmd(paths.socket("ikpmd"), answers(ike_answers));
  FakeDaemon secpolicyd(paths.socket("secpolicyd"), answers(policy_answers));
  CHECK(report({"-explain", "127.0.0.1"}) == 0);
  CHECK(out_has("IPSec policy: telnet_in (hashed, secure)"));
  CHECK(out_has("IKE messages (UDP 500): 5 sent, 3 received"));
  CHECK(out_has("Make the two hosts agree: group differs"));
  CHECK(out_has("Asked about: tcp port 23"));
  CHECK(report({"-explain", "127.0.0.1", "-p", "udp", "-dp", "53", "--json"}) == 0);
  const auto explained = document()["explain"];
  CHECK(explained["udp_500"]["sent"] == 5);
  CHECK(explained["failures"][0]["differs"] == "group");
  CHECK(explained["next"].size() == 1);
  CHECK(secpolicyd.calls().back().find(R"("destination_port":53,"protocol":"udp")") != std::string::npos);
  CHECK(report({"-explain", "127.0.0.1", "-file", (root / "page").string()}) == 0);
  CHECK(read_file(root / "page")->find("What to do next:") != std::string::npos);
}

TEST_CASE("advice names what is wrong with certificates, and asks for no key where signatures are wanted") {
  auto found = secured();
  found.authentication = "ecdsa-signature";
  found.has_key = false;
  found.certificates.emplace();
  auto all = cli::advice(found);
  REQUIRE(all.size() == 3);
  CHECK_THAT(all[0], Catch::Contains("ipsec_mgr cert import"));
  CHECK_THAT(all[1], Catch::Contains("ipsec_mgr ca add"));
  CHECK_THAT(all[2], Catch::Contains("Nothing was negotiated yet"));
  found.certificates->own = {{"a", "2026-01-01T00:00:00.000Z", "it has expired"}};
  found.certificates->cas = {"CN=Root"};
  found.certificates->crls = {{"CN=Root", "2025-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z", true}};
  all = cli::advice(found);
  REQUIRE(all.size() == 3);
  CHECK_THAT(all[0], Catch::Contains("The certificate a of this host would be refused: it has expired"));
  CHECK_THAT(all[1], Catch::Contains("The CRL of CN=Root ended at 2026-01-01"));
  found.certificates->own.push_back({"b", "2096-01-01T00:00:00.000Z", ""});  // one that is accepted is enough
  found.certificates->crls.clear();
  CHECK_THAT(first_advice(found), Catch::Contains("Nothing was negotiated yet"));
}

TEST_CASE_METHOD(ToolFixture, "-explain shows the certificates where the ISAKMP policy wants signatures") {
  auto ike = ike_answers;
  ike["failures.list"] = empty_page;
  ike["key.list"] = empty_page;
  ike["cert.list"] = R"({"items": [
    {"kind": "own", "name": "a", "key": "ECDSA P-256", "not_after": "2020-01-01T00:00:00.000Z"},
    {"kind": "own", "name": "a-rsa", "key": "RSA", "not_after": "2090-01-01T00:00:00.000Z"},
    {"kind": "peer", "name": "b", "key": "ECDSA P-256", "not_after": "2090-01-01T00:00:00.000Z"}], "next": null})";
  ike["cert.check"] = R"({"items": [{"name": "a-rsa", "ok": true, "failure": null},
    {"name": "a", "ok": false, "failure": {"kind": "expired", "text": "it ended\nlong ago"}}]})";
  ike["ca.list"] = R"({"items": [{"subject": "CN=Root"}], "next": null})";
  ike["crl.list"] = R"({"items": [{"issuer": "CN=Root", "this_update": "2019-01-01T00:00:00.000Z",
    "next_update": "2020-01-01T00:00:00.000Z"}, {"issuer": "CN=Other", "this_update": "2019-01-01T00:00:00.000Z",
    "next_update": null}], "next": null})";
  auto policy = policy_answers;
  policy["policy.query"] = R"({"policy": {"name": "telnet_in", "kind": "hashed", "place": 1, "action": "secure"},
    "isakmp_policy": {"name": "finance", "authentication": "ecdsa-signature"}, "kernel_agrees": true})";
  FakeDaemon secauditd(paths.socket("secauditd"), answers({{"rpc.ping", "{}"}}));
  FakeDaemon ikpmd(paths.socket("ikpmd"), answers(ike));
  FakeDaemon secpolicyd(paths.socket("secpolicyd"), answers(policy));
  CHECK(report({"-explain", "127.0.0.1"}) == 0);
  CHECK(out_has("ISAKMP policy: finance (ECDSA Signatures)\n"));
  CHECK(out_has("Certificate: a, until 2020-01-01T00:00:00.000Z     Not accepted: it ended"));
  CHECK_FALSE(out_has("a-rsa"));
  CHECK_FALSE(out_has("Pre-shared key"));
  CHECK(out_has("Trusted CAs: CN=Root\n"));
  CHECK(out_has("Next: 2020-01-01T00:00:00.000Z (overdue)\n"));
  CHECK(out_has("CRL: CN=Other     Of: 2019-01-01T00:00:00.000Z     Next: not said\n"));
  CHECK(out_has("The certificate a of this host would be refused"));
  CHECK_FALSE(out_has("it ended\nlong ago"));
  CHECK(report({"-explain", "127.0.0.1", "--json"}) == 0);
  const auto explained = document()["explain"];
  CHECK(explained["authentication"] == "ecdsa-signature");
  CHECK(explained["certificates"]["own"].size() == 1);
  CHECK(explained["certificates"]["crls"][0]["overdue"] == true);
  CHECK(explained["certificates"]["crls"][1]["next_update"].is_null());
}

TEST_CASE_METHOD(ToolFixture, "-explain has the members of the schema") {
  CHECK(report({"-explain", "127.0.0.1", "--json"}) == 3);
  const auto definition =
      Json::parse(*read_file(std::string(IPSEC9000_SOURCE_DIR) + "/etc/reports.schema.json"))["$defs"]["explanation"];
  std::set<std::string> keys;
  const auto explained = document()["explain"];
  for (const auto& [key, value] : explained.items()) keys.insert(key);
  CHECK(definition.at("required").get<std::set<std::string>>() == keys);
  for (const auto& key : keys) CHECK(definition.at("properties").contains(key));
}

TEST_CASE_METHOD(ToolFixture, "-explain without daemons still says what to do; wrong usage is refused") {
  CHECK(report({"-explain", "127.0.0.1"}) == 3);
  CHECK(out_has("ikpmd does not answer. Start IPSec"));
  CHECK(report({"-explain", "nowhere"}) == 2);
  CHECK(report({"-explain", "127.0.0.1", "-dp", "70000"}) == 2);
  CHECK(report({"-sad", "-dp", "23"}) == 2);
  CHECK(report({"-metrics", "-explain", "127.0.0.1"}) == 2);
  CHECK(report({"-watch", "0"}) == 2);
  CHECK(report({"-watch", "--json"}) == 2);
}

TEST_CASE_METHOD(ToolFixture, "-metrics in the format of Prometheus") {
  FakeDaemon ikpmd(paths.socket("ikpmd"), answers(ike_answers));
  FakeDaemon secpolicyd(paths.socket("secpolicyd"), answers(policy_answers));
  CHECK(report({"-metrics"}) == 0);
  for (const char* line :
       {"ipsec9000_daemon_up{daemon=\"secauditd\"} 0\n", "ipsec9000_daemon_up{daemon=\"ikpmd\"} 1\n",
        "ipsec9000_ipsec_sas{protocol=\"esp\",state=\"mature\"} 2\n", "ipsec9000_isakmp_sas 1\n",
        "ipsec9000_negotiations_total{phase=\"main\"} 7\n",
        "ipsec9000_negotiation_failures_total{reason=\"timeout\"} 3\n",
        "ipsec9000_main_mode_seconds_bucket{le=\"0.010\"} 1\n", "ipsec9000_main_mode_seconds_bucket{le=\"1.500\"} 3\n",
        "ipsec9000_main_mode_seconds_bucket{le=\"+Inf\"} 7\n", "ipsec9000_main_mode_seconds_sum 2.500000\n",
        "ipsec9000_main_mode_seconds_count 7\n", "ipsec9000_policy_sas{policy=\"telnet_in\"} 2\n",
        "ipsec9000_policy_sas{policy=\"down\"} 0\n", "ipsec9000_policies_in_step 1\n"}) {
    CAPTURE(line);
    CHECK(out_has(line));
  }
  const auto page = out.str();
  CHECK(report({"-metrics", "-file", (root / "ipsec9000.prom").string()}) == 0);
  CHECK(out.str().empty());
  CHECK(read_file(root / "ipsec9000.prom")->size() == page.size());
  CHECK((fs::status(root / "ipsec9000.prom").permissions() & fs::perms(0777)) == fs::perms(0644));
}

TEST_CASE_METHOD(ToolFixture, "-metrics in the layout of the golden file") {
  auto policy = policy_answers;
  policy["policy.list"] = R"({"items": [{"name": "telnet_in", "action": "secure"},
    {"name": "down", "action": "secure"}, {"name": "default", "action": "pass"}], "next": null})";
  FakeDaemon secauditd(paths.socket("secauditd"),
                       answers({{"audit.status", R"({"records": 100, "dropped": 2, "problem": "disk full"})"}}));
  FakeDaemon ikpmd(paths.socket("ikpmd"), answers(ike_answers));
  FakeDaemon secpolicyd(paths.socket("secpolicyd"), answers(policy));
  cli::Daemons daemons(paths, Duration{10'000});
  const auto whole = cli::metrics(daemons, XfrmStatistics{{"XfrmInNoStates", 3}, {"XfrmOutPolBlock", 0}});
  cli::Daemons none(Paths{root / "empty"}, Duration{10'000});
  check_golden("metrics", whole + "\n" + cli::metrics(none, Error{ErrorCode::not_found, "no counters"}));
}

TEST_CASE_METHOD(ToolFixture, "-watch prints again until nobody reads") {
  FakeDaemon ikpmd(paths.socket("ikpmd"), answers(ike_answers));
  struct Narrow : std::stringbuf {  // full after two pages
    int pages = 0;
    int sync() override { return ++pages < 2 ? 0 : -1; }
  } narrow;
  std::ostream screen(&narrow);
  const std::vector<std::string> typed{"-watch", "1", "-mad", "--root", root.string()};
  CHECK(cli::run_tool(cli::ipsec_report_tool(), typed, screen, err, cli::ipsec_report) != 2);
  CHECK(narrow.pages >= 2);
  CHECK(narrow.str().find("No ISAKMP SAs") != narrow.str().rfind("No ISAKMP SAs"));
}

TEST_CASE("the schema of the reports has what the code writes") {
  const auto schema = Json::parse(*read_file(std::string(IPSEC9000_SOURCE_DIR) + "/etc/reports.schema.json"));
  const std::map<std::string, Json> written{
      {"ipsec_sa", to_json(SadEntry{})}, {"isakmp_sa", to_json(MadEntry{})}, {"failure", to_json(FailureRecord{})}};
  for (const auto& [name, json] : written) {
    CAPTURE(name);
    std::set<std::string> keys;
    for (const auto& [key, value] : json.items()) keys.insert(key);
    const auto& definition = schema.at("$defs").at(name);
    CHECK(definition.at("required").get<std::set<std::string>>() == keys);
    for (const auto& key : keys) CHECK(definition.at("properties").contains(key));
  }
}
