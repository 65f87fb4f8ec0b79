#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "audit/file.hpp"
#include "base/files.hpp"
#include "tool_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
const std::map<std::string, std::string> usual_policy{
    {"policy.status",
     R"({"configuration": "/etc/ipsec9000/ipsec.json", "policies": 3, "in_step": true, "kernel": "up", "protected": true, "problems": ["policy x waits"]})"},
    {"policy.query",
     R"({"policy": {"name": "telnet_in", "kind": "hashed", "place": 1, "action": "secure", "source": "10.1.0.1",
        "destination": "10.1.0.2", "direction": "out", "transforms": ["ESP-AES128-HMAC-SHA256"]}, "isakmp_policy": {"name": "finance", "place": 1,
        "remote": null, "authentication": "psk", "proposals": ["AES128-SHA256-MODP2048"], "lifetime": 28800, "max_quick_modes": 100},
        "kernel_agrees": true})"},
    {"policy.list",
     R"({"items": [{"name": "telnet_in", "kind": "hashed", "place": 1, "direction": "out", "action": "secure", "transforms": ["ESP-AES128-HMAC-SHA256"]}], "next": null})"},
    {"isakmp.list", empty_page},
    {"policy.cache", empty_page},
    {"policy.ip", empty_page},
    {"policy.bypass", empty_page},
    {"policy.reload",
     R"({"changes": [{"policy": "web", "change": "+", "sas": "none"}, {"policy": "old", "change": "-", "sas": "deleted"}], "generation": 2})"}};
const std::map<std::string, std::string> usual_ike{
    {"ike.status",
     R"({"ready": true, "keystore": "open", "isakmp_sas": 1, "ipsec_sas": 2, "negotiating": 0, "problems": []})"},
    {"ike.delete", R"({"isakmp_sas": 1, "ipsec_sas": 2})"},
    {"sad.list", sad_page},
    {"mad.list", empty_page},
    {"failures.list", empty_page}};
}  // namespace

TEST_CASE_METHOD(ToolFixture, "wrong usage is exit 2 with one line that names tool, fault and remedy") {
  CHECK(admin({"-statsu"}) == 2);
  CHECK(err.str() ==
        "ipsec_admin: command line: unknown option -statsu; did you mean -status?: see ipsec_admin -help\n");
  CHECK(admin({}) == 2);
  CHECK(admin({"-start", "-stop"}) == 2);
  CHECK(admin({"-status", "-al", "debug"}) == 2);
  CHECK(admin({"-auditlvl", "loud"}) == 2);
  CHECK(admin({"-maxsize", "0"}) == 2);
  CHECK(admin({"-deletesa", "nobody"}) == 2);
  CHECK(admin({"-new-password-file", "x", "-status"}) == 2);
  CHECK(report({"-policy", "passive"}) == 2);
  CHECK(report({"-sa", "esp"}) == 2);
  CHECK(report({"-audit", "-entity", "ikpd"}) == 2);
  CHECK(err_has("did you mean ikpmd?"));
  CHECK(report({"-failures", "nobody"}) == 2);
  CHECK(policy({"-sa", "10.1.0.1", "-da", "fd00::1"}) == 2);
  CHECK(policy({"-sp", "70000"}) == 2);
  CHECK(policy({"-sp", "23"}) == 2);  // a port of which protocol?
  CHECK(policy({"-dir", "up"}) == 2);
  CHECK(mgr({"frobnicate"}) == 2);
  CHECK(mgr({"key", "set", "10.1.0.300"}) == 2);
  CHECK(out.str().empty());
}

TEST_CASE_METHOD(ToolFixture, "help and version need no daemon") {
  CHECK(admin({"-h"}) == 0);
  CHECK(out_has("Usage: ipsec_admin"));
  CHECK(out_has("traceon"));
  CHECK(mgr({"--help"}) == 0);
  CHECK(out_has("key set REMOTE"));
  CHECK(report({"--version"}) == 0);
  CHECK(out_has("ipsec_report "));
}

TEST_CASE_METHOD(ToolFixture, "a trace is asked for in the words that there are") {
  CHECK(admin({"-traceon", "icmp"}) == 2);
  CHECK(err_has("expected tcp, udp, igmp or all"));
  CHECK(admin({"-traceon", "-tracesize", "0"}) == 2);
  CHECK(admin({"-status", "-tracesize", "5"}) == 2);
  CHECK(admin({"-traceoff"}) == 3);
  CHECK(report({"-trace", "/etc/passwd"}) == 1);
  CHECK(err_has("no trace of this suite"));
}

TEST_CASE_METHOD(ToolFixture, "without daemons, what needs them is exit 3 and says how to start them") {
  CHECK(admin({"-reload"}) == 3);
  CHECK(err_has("secpolicyd is not running"));
  CHECK(err_has("ipsec_admin -start"));
  CHECK(admin({"-auditlvl", "debug"}) == 3);
  CHECK(admin({"-deletesa", "10.1.0.2"}) == 3);
  CHECK(report({"-sad"}) == 3);
  CHECK(report({"-all"}) == 3);
  CHECK(policy({}) == 3);
  CHECK(mgr({"policy", "list"}) == 3);
}

TEST_CASE_METHOD(ToolFixture, "status names every daemon, and is exit 3 unless all run") {
  CHECK(admin({"-status", "--json"}) == 3);
  auto status = document();
  CHECK(status["daemons"] ==
        Json{{"secauditd", "not running"}, {"secpolicyd", "not running"}, {"ikpmd", "not running"}});
  CHECK(status["kernel"] == "down");
  CHECK(status["problems"].dump().find("-newpasswd") != std::string::npos);

  FakeDaemon secauditd(
      paths.socket("secauditd"),
      answers({{"audit.status", R"({"level": "error", "file": "/var/log/x.log", "max_kilobytes": 100})"}}));
  FakeDaemon secpolicyd(paths.socket("secpolicyd"), answers(usual_policy));
  CHECK(admin({"-status", "--json"}) == 3);
  status = document();
  CHECK(status["daemons"]["secpolicyd"] == "running");
  CHECK(status["daemons"]["ikpmd"] == "not running");
  CHECK(status["problems"].dump().find("ikpmd is not running") != std::string::npos);

  FakeDaemon ikpmd(paths.socket("ikpmd"), answers(usual_ike));
  CHECK(admin({"-status", "--json"}) == 0);
  status = document();
  CHECK(status["kernel"] == "up");
  CHECK(status["in_step"] == true);
  CHECK(status["audit"] == Json{{"level", "error"}, {"file", "/var/log/x.log"}, {"max_kilobytes", 100}});
  CHECK(status["trace"].is_null());
  CHECK(status["policies"] == 3);
  CHECK(status["isakmp_sas"] == 1);
  CHECK(status["ipsec_sas"] == 2);
  CHECK(status["problems"][0] == "secpolicyd: policy x waits");
  CHECK(admin({"-s"}) == 0);
  CHECK(out_has("IPSec Audit file: /var/log/x.log"));
  CHECK(out_has("Policies in the kernel: in step"));
}

TEST_CASE_METHOD(ToolFixture, "deleting SAs says when the peer was not told") {
  FakeDaemon ikpmd(paths.socket("ikpmd"),
                   answers({{"ike.delete", R"({"isakmp_sas": 0, "ipsec_sas": 4, "peer_not_told": 2})"}}));
  CHECK(admin({"-deletesa", "10.1.0.2"}) == 0);
  CHECK(out_has("IPSec SAs: 4"));
  CHECK(err_has("10.1.0.2 was not told of 2 IPSec SAs"));
  CHECK(err_has("ipsec_report -failures 10.1.0.2"));
}

TEST_CASE_METHOD(ToolFixture, "deleting SAs says when the peer is still being told") {
  FakeDaemon ikpmd(
      paths.socket("ikpmd"),
      answers({{"ike.delete", R"({"isakmp_sas": 0, "ipsec_sas": 2, "peer_not_told": 0, "peer_being_told": 2})"}}));
  CHECK(admin({"-deletesa", "10.1.0.2"}) == 0);
  CHECK_FALSE(err_has("was not told"));
  CHECK(err_has("10.1.0.2 has not answered yet: it is told of 2 IPSec SAs if"));
}

TEST_CASE_METHOD(ToolFixture, "audit settings go to secauditd as they were typed") {
  FakeDaemon secauditd(paths.socket("secauditd"),
                       answers({{"audit.configure", R"({"level": "debug", "file": "/a/x.log", "max_kilobytes": 5})"}}));
  CHECK(admin({"-al", "DEBUG", "-au", "/a/../b", "-m", "5"}) == 0);
  CHECK(secauditd.calls().back() == R"(audit.configure {"level":"debug","directory":"/b","max_kilobytes":5})");
  CHECK(out_has("Audit file: /a/x.log"));
}

TEST_CASE_METHOD(ToolFixture, "old audit files are removed when that is asked for") {
  FakeDaemon secauditd(
      paths.socket("secauditd"),
      answers({{"audit.prune", R"({"removed": ["a.log", "b.log"], "bytes": 4096, "number": 17, "kept": 3})"}}));
  CHECK(admin({"-auditprune", "3"}) == 0);
  CHECK(secauditd.calls().back() == R"(audit.prune {"keep_files":3})");
  CHECK(out_has("Audit files removed: 2, 4 KBytes, with records up to 17; kept: 3"));
  CHECK(admin({"-auditprune", "90d", "--json"}) == 0);
  CHECK(secauditd.calls().back() == R"(audit.prune {"keep_days":90})");
  CHECK(document()["kept"] == 3);
  CHECK(admin({"-auditprune", "0"}) == 2);
  CHECK(admin({"-auditprune", "3", "-al", "debug"}) == 2);
  CHECK(admin({"-auditprune", "3", "-status"}) == 2);
}

TEST_CASE_METHOD(ToolFixture, "reload shows the changes, or every mistake with exit 2") {
  {
    FakeDaemon secpolicyd(paths.socket("secpolicyd"), answers(usual_policy));
    CHECK(admin({"-reload"}) == 0);
    CHECK(out_has("+ web\n- old (SAs deleted)\n"));
  }
  FakeDaemon secpolicyd(paths.socket("secpolicyd"), [](const std::string&, const Json&, const Json& id) {
    return error(id, "invalid-input", "ipsec.json:1:2: first mistake\nipsec.json:3:4: second mistake");
  });
  CHECK(admin({"-reload"}) == 2);
  CHECK(err_has("ipsec.json:1:2: first mistake\nipsec_admin: ipsec.json:3:4: second mistake: nothing was changed\n"));
}

TEST_CASE_METHOD(ToolFixture, "reports print blocks or one document") {
  FakeDaemon ikpmd(paths.socket("ikpmd"), answers(usual_ike));
  CHECK(report({"-sad"}) == 0);
  CHECK(out_has("SPI (hex): 1FE472     State: MATURE"));
  CHECK(report({"-sad", "-mad", "--json"}) == 0);
  const auto json = document();
  CHECK(json["sad"].size() == 2);
  CHECK(json["sad"][0]["spi"] == "001fe472");
  CHECK(json["mad"].is_array());
  CHECK(report({"-sa", "ipsec"}) == 0);
  CHECK_FALSE(out_has("No ISAKMP SAs"));
  CHECK(report({"-failures", "10.1.0.2"}) == 0);
  CHECK(ikpmd.calls().back() == R"(failures.list {"remote":"10.1.0.2"})");
}

TEST_CASE_METHOD(ToolFixture, "a policy is shown with its SAs, outbound and inbound as a pair") {
  FakeDaemon ikpmd(paths.socket("ikpmd"), answers(usual_ike));
  FakeDaemon secpolicyd(paths.socket("secpolicyd"), answers(usual_policy));
  CHECK(report({"-policy"}) == 0);
  CHECK(out_has("Outbound SPI (hex): 1FE472     Inbound SPI (hex): C0DE"));
  CHECK(secpolicyd.calls().back() == R"(policy.list {"view":"active"})");
  CHECK(mgr({"policy", "list"}) == 0);
  CHECK(mgr({"policy", "show", "telnet_in"}) == 0);
  CHECK(mgr({"policy", "show", "telnet_on"}) == 1);
  CHECK(err_has("did you mean telnet_in?"));
}

TEST_CASE_METHOD(ToolFixture, "all prints what there is and says what is missing") {
  FakeDaemon ikpmd(paths.socket("ikpmd"), answers(usual_ike));
  CHECK(report({"--json"}) == 0);
  const auto json = document();
  CHECK(json["sad"].size() == 2);
  REQUIRE(json["missing"].is_array());
  CHECK(json["missing"][0]["view"] == "ip");
  CHECK(err_has("view policy: secpolicyd is not running"));
  CHECK(report({"-sad", "-policy"}) == 3);
  CHECK(out_has("SPI (hex): 1FE472"));
}

TEST_CASE_METHOD(ToolFixture, "the audit file is shown in two lines a record, filtered by entity") {
  auto trail =
      AuditFile::open({root / "log", 100}, WallTime(milliseconds(1'700'000'000'000)), {30, std::string(chain_begin)});
  REQUIRE(trail);
  for (const char* from : {"ikpmd", "secpolicyd"}) {
    auto record = make_record(audit::mm_timeout, {{"remote", "10.1.0.2"}});
    record.from = from;
    record.time = WallTime(milliseconds(1'700'000'000'000));
    REQUIRE(trail->append(record, record.time));
  }
  const auto path = trail->path().string();
  CHECK(report({"-audit", path}) == 0);
  CHECK(out_has("Msg: 31 From: IKPMD Lvl: ERROR Date: "));
  CHECK(out_has("Event: MM negotiation timeout"));
  CHECK(report({"-audit", path, "-entity", "secpolicyd", "--json"}) == 0);
  CHECK(document()["audit"].size() == 1);
  CHECK(document()["audit"][0]["number"] == 32);
  CHECK(document()["audit"][0]["event"] == "mm-timeout");
  CHECK(report({"-audit", path, "-entity", "ikmpd"}) == 0);  // HP-UX's spelling
  CHECK(out_has("Msg: 31"));

  FakeDaemon secauditd(paths.socket("secauditd"), answers({{"audit.status", Json{{"file", path}}.dump()}}));
  CHECK(report({"-audit"}) == 0);
  CHECK(out_has("Msg: 32"));
  CHECK(report({"-audit", (root / "absent").string()}) == 1);
}

TEST_CASE_METHOD(ToolFixture, "-verify says what was done to an audit file, and fails then") {
  auto trail = AuditFile::open({root / "log", 100}, WallTime(milliseconds(1'700'000'000'000)));
  REQUIRE(trail);
  for (int n = 0; n < 3; ++n) {
    auto record = make_record(audit::mm_timeout, {{"remote", "10.1.0." + std::to_string(n)}});
    record.from = "ikpmd";
    REQUIRE(trail->append(record, record.time));
  }
  const auto path = trail->path().string();
  const Json status = {{"file", path}, {"last_number", 3}, {"chain", trail->position().chain}};
  FakeDaemon secauditd(paths.socket("secauditd"), answers({{"audit.status", status.dump()}}));
  CHECK(report({"-audit", "-verify"}) == 0);
  CHECK(out_has("3 records, 1 to 3, none removed or changed"));
  CHECK_FALSE(out_has("note:"));
  auto content = *read_file(path);
  content.replace(content.find("10.1.0.1"), 8, "10.1.0.9");
  std::ofstream(path) << content;
  CHECK(report({"-audit", path, "-verify"}) == 1);
  CHECK(out_has("line 2: record 2, or the one before it, was changed"));
  CHECK(err_has("not as it was written: 1 fault"));
  std::ofstream(path) << content.substr(0, content.find('\n') + 1);
  CHECK(report({"-audit", path, "-verify", "--json"}) == 1);
  CHECK(document()["verify"][0]["fault_count"] == 1);
  CHECK(document()["verify"][0]["faults"][0]["text"] ==
        "records 2 to 3 are missing at the end of the file: secauditd has written up to 3");
}

TEST_CASE_METHOD(ToolFixture, "-file writes a private file, and follows no link") {
  FakeDaemon ikpmd(paths.socket("ikpmd"), answers(usual_ike));
  const auto target = file("report.txt", "old content that is longer than nothing", fs::perms(0644));
  CHECK(report({"-mad", "-file", target}) == 0);
  CHECK(out.str().empty());
  CHECK(*read_file(target) == "No ISAKMP SAs\n");
  CHECK((fs::status(target).permissions() & fs::perms(0777)) == fs::perms(0600));
  fs::create_symlink(target, root / "link");
  CHECK(report({"-sad", "-file", (root / "link").string()}) != 0);
  CHECK(*read_file(target) == "No ISAKMP SAs\n");
  CHECK(report({"-mad", "-file", (root / "absent" / "x").string()}) == 1);
}

TEST_CASE_METHOD(ToolFixture, "ipsec_policy asks for the very flow and shows policy, ISAKMP policy and SAs") {
  FakeDaemon ikpmd(paths.socket("ikpmd"), answers(usual_ike));
  FakeDaemon secpolicyd(paths.socket("secpolicyd"), answers(usual_policy));
  CHECK(policy({"-sa", "10.1.0.1", "-sp", "65535", "-da", "10.1.0.2", "-dp", "23", "-p", "tcp", "-dir", "out"}) == 0);
  CHECK(
      secpolicyd.calls().front() ==
      R"(policy.query {"source":"10.1.0.1","source_port":65535,"destination":"10.1.0.2","destination_port":23,"protocol":"tcp","direction":"out","why":false})");
  CHECK(out_has("Rule Name: telnet_in"));
  CHECK(out_has("Rule Name: finance"));
  CHECK(out_has("SPI (hex): C0DE"));
  CHECK(policy({"-sa", "10.1.0.1", "-da", "10.1.0.2", "--json"}) == 0);
  CHECK(document()["policy"]["name"] == "telnet_in");
  CHECK(document()["isakmp_policy"]["name"] == "finance");
  CHECK(document()["sas"].size() == 2);
  CHECK(document()["kernel_agrees"] == true);
  CHECK(policy({"-sa", "10.1.0.1", "-da", "10.9.9.9", "--json"}) == 0);
  CHECK(document()["sas"].empty());  // other hosts' SAs are not this flow's
  CHECK(policy({"-da", "fd00::1"}) == 0);
  CHECK(secpolicyd.calls().back().find(R"("source":"::")") != std::string::npos);
}

TEST_CASE_METHOD(ToolFixture, "check reports every mistake with exit 2, warnings with exit 0") {
  const auto good = file("good.json", R"({"version": 1, "policies": [], "default_policy": {"action": "pass"}})");
  CHECK(mgr({"check", good}) == 0);
  CHECK(out_has("valid: 0 policies"));
  const auto bad = file("bad.json", R"({"version": 1, "polices": [], "default_policy": {"action": "pas"}})");
  CHECK(mgr({"check", bad}) == 2);
  CHECK(err_has("bad.json:1:"));
  CHECK(err_has("polices"));
  CHECK(err_has("/default_policy/action"));
  CHECK(mgr({"check", bad, "--json"}) == 2);
  CHECK(document()["valid"] == false);
  CHECK(document()["messages"].size() >= 2);
  CHECK(mgr({"check", (root / "absent.json").string()}) == 2);
  CHECK(mgr({"check"}) == 2);  // the default place: nothing there
  CHECK(err_has("/etc/ipsec9000/ipsec.json"));
  file("etc/ipsec9000/ipsec.json", R"({"version": 1, "policies": []})");
  CHECK(mgr({"check"}) == 0);
  file("etc/ipsec9000/entrust.ini", "[Entrust Settings]\nServer=a+389\nManager=https://a/\n");
  CHECK(mgr({"check"}) == 2);
  CHECK(err_has("/etc/ipsec9000/entrust.ini:3:1: Manager: not http://..."));
  CHECK(out_has("1 errors"));
  CHECK(mgr({"check", "--json"}) == 2);
  CHECK(document()["valid"] == false);
  CHECK(document()["messages"][0]["line"] == 3);
  CHECK(document()["messages"][0]["pointer"] == "Manager");
  CHECK(mgr({"check", good}) == 0);  // another file is not what entrust.ini would be loaded with
  file("etc/ipsec9000/entrust.ini", "[Entrust Settings]\nServer=a+389\nManager=http://a/\n");
  CHECK(mgr({"check"}) == 0);
  file("etc/ipsec9000/ipsec.json", R"({"version": 2})");
  CHECK(mgr({"apply"}) == 2);
  CHECK(err_has("nothing was changed"));
}
