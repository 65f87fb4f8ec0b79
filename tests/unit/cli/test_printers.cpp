#include <catch2/catch.hpp>

#include "audit/record.hpp"
#include "base/files.hpp"
#include "cli/common/print_policy.hpp"
#include "cli/common/print_sa.hpp"
#include "cli/common/print_status.hpp"
#include "cli/common/show.hpp"
#include "golden.hpp"
#include "tool_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::cli;
using namespace ipsec9000::test;

namespace {
std::vector<SadEntry> sample_sas() {
  std::vector<SadEntry> entries;
  const auto page = Json::parse(sad_page);
  for (const auto& item : page["items"]) entries.push_back(*sad_entry_from_json(item));
  return entries;
}

const Json secure_policy =
    Json::parse(R"({"name": "telnet_in", "kind": "hashed", "place": 1, "cookie": 3, "direction": "out",
  "source": "10.1.0.1", "source_port": 23, "destination": "10.1.0.0/24", "destination_port": "any", "protocol": "tcp",
  "action": "secure", "exclusive": true, "pfs": "MODP2048", "tunnel": null, "state": "Ready",
  "transforms": ["ESP-AES128-HMAC-SHA256/28800/0", "AH-SHA256+ESP-AES128/3600/1000"]})");
}  // namespace

TEST_CASE("IPSec SAs in the layout of the golden file") {
  const auto sas = sample_sas();
  auto ah = sas[0];
  ah.protocol = "ah";
  ah.encryption = "None";
  ah.policy = "";
  ah.state = "larval";
  ah.spi = "00000000";
  ah.mode = "tunnel";
  auto null_esp = sas[0];
  null_esp.encryption = "AES128-GCM16";
  null_esp.authentication = "";
  check_golden("sad", print(sas[0], 1) + print(sas[1], 2) + print(ah, 3) + print(null_esp, 4));
}

TEST_CASE("ISAKMP SAs in the layout of the golden file") {
  const MadEntry entry{"initiator",
                       "10.1.0.1",
                       "10.1.0.2",
                       "established",
                       "0011223344556677",
                       "8899aabbccddeeff",
                       "MODP2048",
                       "psk",
                       "AES128-CBC",
                       "SHA256",
                       1,
                       17,
                       28800,
                       "finance"};
  auto other = entry;
  other.role = "responder";
  other.authentication_method = "rsa-signature";
  other.group = "BRAINPOOL";
  check_golden("mad", print(entry, 1) + print(other, 2));
}

TEST_CASE("failures in the layout of the golden file") {
  const FailureRecord record{"2026-11-23T16:29:05.123Z",
                             "10.1.0.2",
                             "main",
                             "finance",
                             3,
                             "no-proposal-chosen",
                             "group",
                             "MODP1024",
                             "MODP2048",
                             "The peer offers MODP1024, the policy wants MODP2048"};
  const FailureRecord timeout{"2026-11-23T16:29:05.123Z", "10.1.0.2", "quick", "", 0, "timeout", "", "", "", ""};
  check_golden("failures", print(record, 1) + print(timeout, 2));
}

TEST_CASE("an active rule tells the interface at whose address it holds, or why there is none") {
  const Json rule{{"name", "any"},       {"kind", "ordered"},  {"place", 1},           {"cookie", 2},
                  {"action", "pass"},    {"direction", "out"}, {"source", "10.1.0.1"}, {"destination", "any"},
                  {"interface", "eth0"}, {"state", "down"}};
  CHECK(print_policy(rule).find("Src IP Addr: 10.1.0.1     Prefix: 32     Port number: 0\n") != std::string::npos);
  CHECK(print_policy(rule).find("\nInterface: eth0     State: Down\n") != std::string::npos);
  auto absent = rule;
  absent["interface"] = nullptr;
  absent["state"] = "absent";
  CHECK(print_policy(absent).find("\nState: Absent (no such address of this host)\n") != std::string::npos);
}

TEST_CASE("ipsec_policy says where the local address is none of this host's, or its interface is down") {
  const auto said = [](const Json& local) { return print_local_end(Json{{"local_address", local}}, "10.1.0.9"); };
  CHECK(said({{"interface", nullptr}, {"state", "absent"}}) ==
        "The local address 10.1.0.9 is no address of this host now: only what it forwards can be from there\n");
  CHECK(said({{"interface", "eth0"}, {"state", "down"}}) == "The local address 10.1.0.9 is at eth0, which is down\n");
  CHECK(said({{"interface", "eth0"}, {"state", "up"}}).empty());
  CHECK(said(nullptr).empty());
  CHECK(print_local_end(Json::object(), "10.1.0.9").empty());
}

TEST_CASE("policies in the layout of the golden file") {
  auto inbound = secure_policy;
  inbound["direction"] = "in";
  inbound["exclusive"] = false;
  const auto configured =
      Json::parse(R"({"name": "site", "kind": "ordered", "place": 2, "local": "any", "local_port": "any",
    "remote": "fd00::/16", "remote_port": "1024-65535", "protocol": "any", "action": "secure", "exclusive": false, "pfs": null,
    "tunnel": {"local": "192.0.2.1", "remote": "192.0.2.9"}, "transforms": ["ESP-AES256-HMAC-SHA512"]})");
  const auto fallback = Json::parse(
      R"({"name": "default", "kind": "default", "place": 0, "cookie": 1, "direction": "out", "action": "pass"})");
  check_golden("policy", print_policy(secure_policy, sample_sas()) + print_policy(inbound, sample_sas()) +
                             print_policy(configured) + print_policy(fallback));
}

TEST_CASE("ISAKMP policies, cache, interfaces and bypass in the layout of the golden file") {
  const auto isakmp = Json::parse(R"({"name": "finance", "place": 1, "remote": "10.1.0.0/24", "authentication": "psk",
    "proposals": ["AES128-SHA256-MODP2048", "AES256-SHA512-ECP384"], "lifetime": 28800, "max_quick_modes": 100,
    "local_id": "10.1.0.1", "remote_id": null})");
  const auto cache =
      Json::parse(R"({"record": 9, "cookie": 3, "source": "192.1.1.1", "source_port": 23, "destination": "192.1.1.3",
    "destination_port": 56122, "protocol": "tcp", "direction": "out", "action": "secure", "policy": "telnet_in",
    "sas": [{"state": "created", "protocol": "esp", "mode": "transport", "spi": "001fe472", "source": "192.1.1.1", "destination": "192.1.1.3"}]})");
  const auto pass = Json::parse(
      R"({"cookie": 1, "source": "192.1.1.1", "source_port": 0, "destination": "224.0.0.1", "destination_port": 0, "protocol": "igmp", "direction": "in", "action": "pass", "sas": []})");
  const auto dropped = Json::parse(
      R"({"record": null, "cookie": 4, "source": "192.1.1.1", "source_port": 0, "destination": "192.1.1.0/24", "destination_port": 7, "protocol": "tcp",
    "direction": "out", "action": "discard", "policy": "echo", "kind": "discard", "count": 3, "idle": 12, "sas": []})");
  check_golden("other",
               print_isakmp(isakmp) + print_cache(cache, 1) + print_cache(pass, 2) + print_cache(dropped, 3) +
                   print_interface(Json{{"interface", "eth0"}, {"address", "10.1.0.1"}, {"ipsec", "enabled"}}) +
                   print_bypass(Json{{"address", "192.168.9.1"}}));
}

TEST_CASE("an ISAKMP policy that asks for Aggressive Mode says so") {
  const auto isakmp = Json::parse(R"({"name": "old", "place": 1, "remote": null, "authentication": "psk",
    "aggressive": true, "proposals": ["AES128-SHA256-MODP2048"], "lifetime": 28800, "max_quick_modes": 100,
    "local_id": null, "remote_id": null})");
  CHECK(print_isakmp(isakmp).find("Exchange: Aggressive Mode\n") != std::string::npos);
}

TEST_CASE("the status report in the layout of the golden file") {
  const auto running =
      Json::parse(R"({"daemons": {"secauditd": "running", "secpolicyd": "running", "ikpmd": "not responding"},
    "kernel": "up", "in_step": true, "audit": {"level": "error", "file": "/var/log/ipsec9000/audit-20261123T162905Z.log", "max_kilobytes": 100},
    "trace": null, "policies": 3, "isakmp_sas": 1, "ipsec_sas": 2, "configuration": "/etc/ipsec9000/ipsec.json", "keystore": "open",
    "kernel_events": {"audit": "off: the kernel's audit is off", "packets": "on", "counters": "on"},
    "supervision": {"by": "ipsec9000-supervisor", "restarts": {"secauditd": 0, "secpolicyd": 1, "ikpmd": 2}},
    "problems": ["ikpmd is not responding"]})");
  check_golden("status", print_status(running, "Tue Mar 16 10:09:08 2004") +
                             print_status(Json::object(), "Tue Mar 16 10:09:08 2004"));
}

TEST_CASE("candidates in the layout of the golden file") {
  check_golden("candidates", print_candidates(Json::parse(R"({"candidates": [
    {"name": "telnet_in", "kind": "hashed", "place": 1, "chosen": false, "reason": "remote port is 80, not 23"},
    {"name": "web", "kind": "ordered", "place": 2, "chosen": true, "reason": "matches"}], "omitted": 7})")));
}

TEST_CASE("ICMP is shown by type and code") {
  const auto ping = Json::parse(
      R"({"name": "ping", "kind": "hashed", "place": 1, "protocol": "icmp", "icmp": {"type": 8, "code": 0}, "action": "pass"})");
  CHECK(print_policy(ping).find("ICMP type: 8     ICMP code: 0\n") != std::string::npos);
}

TEST_CASE("pairs are those of the same ends, reqid and protocol") {
  auto sas = sample_sas();
  auto ah_out = sas[0];
  ah_out.protocol = "ah";
  sas.push_back(ah_out);
  const auto pairs = pair_up(sas);
  REQUIRE(pairs.size() == 2);
  CHECK(pairs[0].outbound->spi == "001fe472");
  CHECK(pairs[0].inbound->spi == "0000c0de");
  CHECK(pairs[1].inbound == nullptr);
  CHECK(print(pairs[1], 2).find("Inbound SPI (hex): None") != std::string::npos);
}

TEST_CASE("printers take anything: odd types show as nothing, hostile text is made harmless") {
  const Json odd =
      Json::parse(R"({"name": ["x"], "kind": 7, "place": -1, "direction": {"a": 1}, "action": null, "transforms": "x",
    "tunnel": [], "sas": [1, "x", null, {}], "candidates": [null, 3, []], "problems": [1], "daemons": "no", "audit": []})");
  for (const auto& value : {odd, Json(), Json(3), Json::array(), Json::object(), Json("x")}) {
    CHECK_FALSE(print_policy(value).empty());
    CHECK_FALSE(print_isakmp(value).empty());
    CHECK_FALSE(print_cache(value, 1).empty());
    CHECK_FALSE(print_status(value, "").empty());
    CHECK_FALSE(print_interface(value).empty());
    (void)print_candidates(value);
  }
  auto hostile = secure_policy;
  hostile["name"] = "x\x1b[2J\nForged: line\xff";
  const auto text = print_policy(hostile);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("\nForged") == std::string::npos);
  CHECK(safe("already \\x1b escaped") == "already \\x1b escaped");
  auto sa = sample_sas()[0];
  sa.policy = sa.encryption = sa.spi = sa.source = "\x1b]0;x\x07";
  CHECK(print(sa, 1).find('\x1b') == std::string::npos);
}
