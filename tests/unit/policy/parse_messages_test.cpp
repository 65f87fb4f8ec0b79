// What is said about each mistake, word for word: people and other programs read it.
#include <catch2/catch.hpp>

#include "base/text.hpp"
#include "policy/parse.hpp"

using namespace ipsec9000;

namespace {
std::vector<std::string> messages(const std::string& text) { return parse_configuration(text, "ipsec.json").lines(); }

// The messages about one policy. `isakmp` matches every peer.
std::vector<std::string> about(const std::string& policy) {
  return messages(
      R"({"version": 1, "isakmp_policies": [{"name": "all", "proposals": ["AES128-SHA256-MODP2048"]}], "policies": [)" +
      std::string("\n") + policy + "\n]}");
}
std::vector<std::string> about_filter(const std::string& filter) {
  return about(R"({"name": "a", "action": "pass", "filter": {)" + filter + "}}");
}
}  // namespace

TEST_CASE("a mistake in a filter: place, what was found, what is allowed, what was meant") {
  struct Row {
    std::string filter;
    std::string message;
  };
  const std::string addresses = "an address, a prefix such as 10.1.0.0/24, or \"any\"";
  const std::string ports = "a port from 1 to 65535, a range such as \"1024-65535\", or \"any\" (0 is any too)";
  const std::vector<Row> rows{
      {R"("remote": "10.1.0.300")",
       R"(ipsec.json:2:54: /policies/0/filter/remote: found "10.1.0.300": allowed: )" + addresses},
      {R"("remote": "10.1.0.7/24")",
       R"(ipsec.json:2:54: /policies/0/filter/remote: found "10.1.0.7/24": allowed: )" + addresses +
           " (bits are set behind the prefix; the network is 10.1.0.0/24, the single address 10.1.0.7)"},
      {R"("remote": "10.1.0.0/33")", R"(ipsec.json:2:54: /policies/0/filter/remote: found "10.1.0.0/33": allowed: )" +
                                         addresses + " (the length of a prefix is a number from 0 to 32)"},
      {R"("remote": "ani")", R"(ipsec.json:2:54: /policies/0/filter/remote: found "ani": allowed: )" + addresses +
                                 R"( (did you mean "any"?))"},
      {R"("remote": 5)", R"(ipsec.json:2:54: /policies/0/filter/remote: found 5: allowed: )" + addresses},
      {R"("remtoe": "any")",
       R"(ipsec.json:2:44: /policies/0/filter/remtoe: found the key "remtoe": allowed: local, remote, protocol, local_port, remote_port, icmp, service, local_service (did you mean "remote"?))"},
      {R"("protocol": "tcpp")",
       R"(ipsec.json:2:56: /policies/0/filter/protocol: found "tcpp": allowed: a protocol's name (tcp, udp, icmp, ...), a number from 0 to 255, or "any" (did you mean "tcp"?))"},
      {R"("protocol": 256)",
       R"(ipsec.json:2:56: /policies/0/filter/protocol: found 256: allowed: a protocol's name (tcp, udp, icmp, ...), a number from 0 to 255, or "any")"},
      {R"("remote_port": 23)",
       R"(ipsec.json:2:59: /policies/0/filter/remote_port: found 23: allowed: a port only with "protocol": "tcp", "udp" or "sctp" (no protocol is named))"},
      {R"("protocol": "icmp", "remote_port": 23)",
       R"(ipsec.json:2:79: /policies/0/filter/remote_port: found 23: allowed: a port only with "protocol": "tcp", "udp" or "sctp" (the protocol is icmp))"},
      {R"("protocol": "tcp", "remote_port": 65536)",
       R"(ipsec.json:2:78: /policies/0/filter/remote_port: found 65536: allowed: )" + ports},
      {R"("protocol": "tcp", "remote_port": -1)",
       R"(ipsec.json:2:78: /policies/0/filter/remote_port: found -1: allowed: )" + ports},
      {R"("protocol": "tcp", "remote_port": "90-80")",
       R"(ipsec.json:2:78: /policies/0/filter/remote_port: found "90-80": allowed: )" + ports +
           " (the range ends before it begins)"},
      {R"("protocol": "tcp", "remote_port": "80-")",
       R"(ipsec.json:2:78: /policies/0/filter/remote_port: found "80-": allowed: )" + ports},
      {R"("local": "10.0.0.1", "remote": "fd00::1")",
       R"(ipsec.json:2:75: /policies/0/filter/remote: found "fd00::1": allowed: )" + addresses +
           " (local and remote are of different families: 10.0.0.1 and fd00::1)"},
      {R"("protocol": "tcp", "icmp": {"type": 8})",
       R"(ipsec.json:2:63: /policies/0/filter/icmp: found "icmp": allowed: only with "protocol": "icmp" or "icmpv6" (the protocol is tcp))"},
      {R"("icmp": {"type": 8})",
       R"(ipsec.json:2:44: /policies/0/filter/icmp: without an address the "protocol" must say whether it is "icmp" or "icmpv6")"},
      {R"("protocol": "icmp", "icmp": {"code": 8})",
       R"(ipsec.json:2:72: /policies/0/filter/icmp: "type" is missing: allowed: a number from 0 to 255)"},
      {R"("remote": "fd00::1", "protocol": "icmp")",
       R"(ipsec.json:2:43: /policies/0/filter/protocol: found "icmp" (ICMP of IPv6 is "icmpv6"))"},
      {R"("service": "telent")",
       R"(ipsec.json:2:55: /policies/0/filter/service: found "telent": allowed: the name of a service such as "telnet", "domain/udp" (no such service is in /etc/services; name protocol and port))"},
      {R"("service": "telnet", "protocol": "tcp")",
       R"(ipsec.json:2:65: /policies/0/filter/protocol: "service" stands for protocol and port, so "protocol" cannot stand beside it)"},
  };
  for (const auto& row : rows) {
    INFO(row.filter);
    CHECK(about_filter(row.filter) == std::vector{row.message});
  }
}

TEST_CASE("a mistake in a policy") {
  struct Row {
    std::string policy;
    std::string message;
  };
  const std::vector<Row> rows{
      {R"({"name": "a b", "action": "pass"})",
       R"(ipsec.json:2:10: /policies/0/name: found "a b": allowed: 1 to 63 of the characters A-Z a-z 0-9 _ -)"},
      {R"({"name": "a\u0007", "action": "pass"})",
       R"(ipsec.json:2:10: /policies/0/name: found "a\x07": allowed: 1 to 63 of the characters A-Z a-z 0-9 _ -)"},
      {R"({"action": "pass"})",
       R"(ipsec.json:2:1: /policies/0: "name" is missing: allowed: 1 to 63 of the characters A-Z a-z 0-9 _ -)"},
      {R"({"name": "a", "action": "secur"})",
       R"(ipsec.json:2:25: /policies/0/action: found "secur": allowed: "secure", "pass" or "discard" (did you mean "secure"?))"},
      {R"({"name": "a", "action": "secure"})",
       R"(ipsec.json:2:25: /policies/0/transforms: a policy that secures needs at least one transform, such as "ESP-AES128-HMAC-SHA256")"},
      {R"({"name": "a", "action": "secure", "transforms": []})",
       R"(ipsec.json:2:49: /policies/0/transforms: a policy that secures needs at least one transform, such as "ESP-AES128-HMAC-SHA256")"},
      {R"({"name": "a", "action": "secure", "transforms": [7]})",
       R"(ipsec.json:2:50: /policies/0/transforms/0: found 7: allowed: a list of transforms such as "ESP-AES128-HMAC-SHA256/28800/0")"},
      {R"({"name": "a", "action": "pass", "transforms": ["AH-SHA1"]})",
       R"(ipsec.json:2:33: /policies/0/transforms: found "transforms": allowed: only with "action": "secure" (the action is "pass"))"},
      {R"({"name": "a", "action": "discard", "exclusive": true})",
       R"(ipsec.json:2:36: /policies/0/exclusive: found "exclusive": allowed: only with "action": "secure" (the action is "discard"))"},
      {R"({"name": "a", "action": "secure", "transforms": ["ESP-3DES-HMAC-SHA1"]})",
       R"(ipsec.json:2:50: /policies/0/transforms/0: found "ESP-3DES-HMAC-SHA1": allowed: DES, 3DES and MD5 only with "allow_legacy": true)"},
      {R"({"name": "a", "action": "secure", "transforms": ["ESP-AES128"]})",
       R"(ipsec.json:2:50: /policies/0/transforms/0: found "ESP-AES128": allowed: ESP with authentication, or nested in AH (encryption alone can be altered on the way; "allow_legacy": true allows it))"},
      {R"({"name": "a", "action": "secure", "transforms": ["AH-SHA1"], "pfs": "MODP1024"})",
       R"(ipsec.json:2:69: /policies/0/pfs: found "MODP1024": allowed: MODP768 and MODP1024 only with "allow_legacy": true)"},
      {R"({"name": "a", "action": "secure", "transforms": ["AH-SHA1"], "tunnel": {"local": "192.0.2.1", "remote": "fd00::1"}})",
       R"(ipsec.json:2:105: /policies/0/tunnel/remote: found "fd00::1": allowed: an address of the same family as "local", and another one ("local" is 192.0.2.1))"},
      {R"({"name": "a", "action": "secure", "transforms": ["AH-SHA1"], "tunnel": {"local": "0.0.0.0", "remote": "10.0.0.1"}})",
       R"(ipsec.json:2:82: /policies/0/tunnel/local: found "0.0.0.0": allowed: an address (this is no address of a single host))"},
      {R"({"name": "a", "action": "pass"},)"
       "\n"
       R"({"name": "a", "action": "pass", "filter": {"remote": "10.0.0.1"}})",
       R"(ipsec.json:3:10: /policies/1/name: found "a": allowed: a name that no other has (the other one is in line 2))"},
      {R"(7)", R"(ipsec.json:2:1: /policies/0: found 7: allowed: an object)"},
      {R"({"name": "a", "action": "pass", "action": "pass"})",
       R"(ipsec.json:2:33: /policies/0/action: found "action" (this key stands here for the second time; the first is in line 2))"},
      {R"({"name": "a", "action": "pass", "x\u001b/y": 1})",
       R"(ipsec.json:2:33: /policies/0/x\x1b~1y: found the key "x\x1b/y": allowed: name, filter, action, transforms, exclusive, pfs, tunnel)"},
  };
  for (const auto& row : rows) {
    INFO(row.policy);
    CHECK(about(row.policy) == std::vector{row.message});
  }
}

TEST_CASE("a mistake anywhere else") {
  struct Row {
    std::string text;
    std::string message;
  };
  const std::vector<Row> rows{
      {"",
       R"(ipsec.json:1:1: found the end of the file (not JSON: syntax error while parsing value - unexpected end of input; expected '[', '{', or a literal))"},
      {"[]", "ipsec.json:1:1: found a list: allowed: an object"},
      {"{}", R"(ipsec.json:1:1: "version" is missing: allowed: 1)"},
      {R"({"version": 2})", "ipsec.json:1:13: /version: found 2: allowed: 1"},
      {R"({"version": "1"})", R"(ipsec.json:1:13: /version: found "1": allowed: 1)"},
      {R"({"version": 1, "polices": []})",
       R"(ipsec.json:1:16: /polices: found the key "polices": allowed: version, policies, default_policy, isakmp_policies, bypass, allow_legacy, revocation, startup (did you mean "policies"?))"},
      {R"({"version": 1, "policies": {}})", "ipsec.json:1:28: /policies: found an object: allowed: a list of objects"},
      {R"({"version": 1, "default_policy": {"action": "secure"}})",
       R"(ipsec.json:1:45: /default_policy/action: found "secure": allowed: "pass" or "discard")"},
      {R"({"version": 1, "bypass": ["10.0.0.0/8"]})",
       R"(ipsec.json:1:27: /bypass/0: found "10.0.0.0/8": allowed: an address of this host)"},
      {R"({"version": 1, "startup": {"audit_directory": "log"}})",
       R"(ipsec.json:1:47: /startup/audit_directory: found "log": allowed: an absolute path)"},
      {R"({"version": 1, "isakmp_policies": [{"name": "i", "proposals": []}]})",
       "ipsec.json:1:63: /isakmp_policies/0/proposals: found 0 proposals: allowed: 1 to 100"},
      {R"({"version": 1, "isakmp_policies": [{"name": "i", "proposals": ["AES128-SHA256-MODP2048"], "authentication": "rsa"}]})",
       R"(ipsec.json:1:109: /isakmp_policies/0/authentication: found "rsa": allowed: "psk", "rsa-signature" or "ecdsa-signature")"},
      {R"({"version": 1, "isakmp_policies": [{"name": "i", "proposals": ["AES128-SHA256-MODP2048"], "authentication": "ecdsa-signature", "exchange": "aggressive"}]})",
       R"(ipsec.json:1:140: /isakmp_policies/0/exchange: found "aggressive": allowed: "main" (Aggressive Mode is done with pre-shared keys only))"},
      {R"({"version": 1, "isakmp_policies": [{"name": "i", "proposals": ["AES128-SHA256-MODP2048"], "lifetime": 9}]})",
       R"(ipsec.json:1:103: /isakmp_policies/0/lifetime: found 9: allowed: 0 (none) or 10 to 4294967294 seconds)"},
      {R"({"version": 1, "policies": [{"name": "a", "action": "secure", "transforms": ["AH-SHA1"], "filter": {"remote": "10.2.0.1"}}],
 "isakmp_policies": [{"name": "i", "remote": "10.1.0.0/16", "proposals": ["AES128-SHA256-MODP2048"]}]})",
       R"(ipsec.json:1:111: /policies/0: no entry of "isakmp_policies" is for 10.2.0.1, so policy "a" cannot be negotiated)"},
  };
  for (const auto& row : rows) {
    INFO(row.text);
    CHECK(messages(row.text) == std::vector{row.message});
  }
}

TEST_CASE("all mistakes are told in one pass, in the order of the file") {
  const auto all = messages(R"({
  "version": 3,
  "policies": [
    {"name": "one", "action": "secure", "transforms": ["ESP-AES127-HMAC-SHA256"], "filter": {"remote": "10.1.0.300", "remote_port": 9}},
    {"name": "one", "action": "drop"}
  ],
  "colour": "red",
  "startup": {"audit_level": "errors"}
})");
  REQUIRE(all.size() == 8);
  for (std::size_t n = 0; n < all.size(); ++n) INFO(all[n]);
  CHECK(all[0].starts_with("ipsec.json:2:14: /version: "));
  CHECK(all[1].starts_with("ipsec.json:4:56: /policies/0/transforms/0: found \"ESP-AES127-HMAC-SHA256\""));
  CHECK(all[1].find("did you mean \"ESP-AES12") != std::string::npos);
  CHECK(all[2].starts_with("ipsec.json:4:104: /policies/0/filter/remote: "));
  CHECK(all[3].starts_with("ipsec.json:4:133: /policies/0/filter/remote_port: "));
  CHECK(all[4].starts_with("ipsec.json:5:14: /policies/1/name: "));
  CHECK(all[5].starts_with("ipsec.json:5:31: /policies/1/action: "));
  CHECK(all[6].starts_with("ipsec.json:7:3: /colour: "));
  CHECK(all[7].find("did you mean \"error\"?") != std::string::npos);
}

TEST_CASE("a mistake in the action does not hide those in the transforms") {
  const auto all = messages(R"({"version": 1,
"policies": [{"name": "a", "action": "secur", "transforms": ["ESP-AES128-HMAC-SHA265"]}]})");
  REQUIRE(all.size() == 2);
  CHECK(all[0].starts_with("ipsec.json:2:38: /policies/0/action: "));
  CHECK(all[1].find("/policies/0/transforms/0: ") != std::string::npos);
}

TEST_CASE("every legacy algorithm is refused with the name of the option that allows it, every other one is taken") {
  const auto first_message = [](const std::string& transform, const std::string& proposal, bool allow) {
    const auto parsed =
        parse_configuration(R"({"version": 1, "allow_legacy": )" + std::string(allow ? "true" : "false") +
                                R"(, "isakmp_policies": [{"name": "i", "proposals": [")" + proposal +
                                R"("]}], "policies": [{"name": "p", "action": "secure", "transforms": [")" + transform +
                                R"("], "filter": {"remote": "10.1.0.1"}}]})",
                            "ipsec.json");
    return parsed.valid() ? std::string("valid") : parsed.lines().front();
  };
  const std::string option = R"("allow_legacy": true)";
  for (const auto& name : transform_names()) {
    CAPTURE(name);
    const auto transform = *Transform::parse(name);
    const bool refused = transform.is_legacy() || !transform.is_authenticated();
    const auto message = first_message(name, "AES128-SHA256-MODP2048", false);
    CHECK((refused ? message.find(option) != std::string::npos : message == "valid"));
    CHECK(first_message(name, "AES128-SHA256-MODP2048", true) == "valid");
  }
  const auto check_proposal = [&](const std::string& proposal) {
    CAPTURE(proposal);
    const auto parsed = IkeProposal::parse(proposal);
    REQUIRE(parsed);
    const auto message = first_message("AH-SHA256", proposal, false);
    CHECK((parsed->is_legacy() ? message.find(option) != std::string::npos : message == "valid"));
    CHECK(first_message("AH-SHA256", proposal, true) == "valid");
  };
  for (const auto& row : all_encryptions())
    if (row.oakley != 0) check_proposal(std::string(row.name) + "-SHA256-MODP2048");
  for (const auto& row : all_hashes()) check_proposal("AES128-" + std::string(row.name) + "-MODP2048");
  for (const auto& row : all_groups()) check_proposal("AES128-SHA256-" + std::string(row.name));
}

TEST_CASE("Aggressive Mode with a pre-shared key is taken over with a warning") {
  const auto parsed = parse_configuration(
      R"({"version": 1, "isakmp_policies": [{"name": "i", "proposals": ["AES128-SHA256-MODP2048"], "exchange": "aggressive"}]})",
      "ipsec.json");
  REQUIRE(parsed.configuration);
  CHECK(parsed.configuration->isakmp_policies[0].aggressive);
  REQUIRE(parsed.lines().size() == 1);
  CHECK(parsed.lines()[0].find("warning: /isakmp_policies/0/exchange: Aggressive Mode") != std::string::npos);
}

TEST_CASE("warnings do not make a configuration invalid") {
  struct Row {
    std::string policies;
    std::string message;
  };
  const std::vector<Row> rows{
      {R"({"name": "a", "action": "secure", "transforms": ["AH-SHA1/60"]})",
       R"(ipsec.json:2:50: warning: /policies/0/transforms/0: a lifetime of 60 seconds is under 600, the least of HP-UX IPSec)"},
      {R"({"name": "a", "action": "secure", "transforms": ["AH-SHA1/0/100"]})",
       R"(ipsec.json:2:50: warning: /policies/0/transforms/0: no limit in seconds beside one in kilobytes: a quiet SA would live for ever)"},
      {R"({"name": "a", "action": "secure", "transforms": ["AH-SHA1", "ESP-AES128-HMAC-SHA1"]})",
       R"(ipsec.json:2:61: warning: /policies/0/transforms/1: never proposed: it needs other protocols than the first transform, AH-SHA1, and a policy of the kernel names its protocols beforehand)"},
      {R"({"name": "a", "action": "pass"}, {"name": "b", "action": "pass", "filter": {"remote": "10.0.0.0/8"}})",
       R"(ipsec.json:2:43: warning: /policies/1: policy "b" can never match: "a" (place 1) is chosen before it for all its packets)"},
      {R"({"name": "a", "action": "pass", "filter": {"protocol": "tcp", "remote_port": "1-65534"}})",
       R"(ipsec.json:2:10: warning: /policies/0: policies without an address, of which this is the first, become 30 policies that the kernel cannot hash: about 600 ns for each packet)"},
  };
  for (const auto& row : rows) {
    const auto parsed = parse_configuration(
        R"({"version": 1, "isakmp_policies": [{"name": "all", "proposals": ["AES128-SHA256-MODP2048"]}], "policies": [)"
        "\n" +
            row.policies + "]}",
        "ipsec.json");
    INFO(row.policies);
    CHECK(parsed.valid());
    CHECK(parsed.lines() == std::vector{row.message});
  }
}

TEST_CASE("a tunnel for a net whose packets the default would discard as they leave is told") {
  const std::string tunnel =
      R"({"name": "nets", "action": "secure", "transforms": ["ESP-AES128-HMAC-SHA256"],
          "filter": {"local": "10.1.0.0/16", "remote": "10.2.0.0/16", "protocol": "tcp", "remote_port": 80},
          "tunnel": {"local": "192.0.2.1", "remote": "192.0.2.9"}})";
  const auto warnings = [](const std::string& policies, const char* fallback) {
    const auto parsed = parse_configuration(
        R"({"version": 1, "isakmp_policies": [{"name": "all", "proposals": ["AES128-SHA256-MODP2048"]}],
            "default_policy": {"action": ")" +
            std::string(fallback) + R"("}, "policies": [)" + policies + "]}",
        "ipsec.json");
    CHECK(parsed.valid());
    return parsed.lines();
  };
  const auto lines = warnings(tunnel, "discard");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].ends_with(
      R"(warning: /policies/0: what comes out of the tunnel of policy "nets" for hosts of 10.1.0.0/16 behind this one is discarded by the default policy as it leaves: a policy with local 10.2.0.0/16, remote 10.1.0.0/16 and action pass lets it through)"));
  const auto with = [&](const char* filter) {
    return tunnel + R"(, {"name": "out", "action": "pass", "filter": )" + filter + "}";
  };
  CHECK(warnings(with(R"({"local": "10.2.0.0/16", "remote": "10.1.0.0/16"})"), "discard").empty());
  CHECK(warnings(with(R"({"local": "10.2.0.0/16", "remote": "10.1.0.0/16", "protocol": "tcp", "local_port": 80})"),
                 "discard")
            .empty());
  CHECK(warnings(with(R"({"local": "10.2.0.0/17", "remote": "10.1.0.0/16"})"), "discard").size() == 1);
  CHECK(warnings(with(R"({"local": "10.1.0.0/16", "remote": "10.2.0.0/15"})"), "discard").size() == 1);
  CHECK(warnings(tunnel, "pass").empty());
}

TEST_CASE("a policy of the hashed kind that an ordered one precedes is not shadowed by it") {
  CHECK(about(R"({"name": "a", "action": "pass"}, {"name": "b", "action": "pass", "filter": {"remote": "10.0.0.1"}})")
            .empty());
}
