// What a reload is said to change.
#include "policy/changes.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "policy/matcher.hpp"
#include "policy/parse.hpp"

using namespace ipsec9000;

namespace {
std::string document_of(const std::string& policies, const std::string& more = "") {
  return R"({"version": 1, "policies": [)" + policies +
         R"(], "isakmp_policies": [{"name": "all", "proposals": ["AES128-SHA256-MODP2048"]}])" + more + "}";
}

std::string secure(const std::string& name, const std::string& remote,
                   const std::string& transform = "ESP-AES128-HMAC-SHA256") {
  return R"({"name": ")" + name + R"(", "filter": {"remote": ")" + remote +
         R"("}, "action": "secure", "transforms": [")" + transform + R"("]})";
}

std::vector<std::string> told(const std::string& before, const std::string& after) {
  const auto old_one = parse_configuration(before, "before");
  const auto new_one = parse_configuration(after, "after");
  REQUIRE(old_one.valid());
  REQUIRE(new_one.valid());
  const Matcher old_matcher(*old_one.configuration);
  const Matcher new_matcher(*new_one.configuration);
  const Keying old_keying(old_matcher);
  const Keying new_keying(new_matcher, old_keying.reqid_map());
  std::vector<std::string> lines;
  for (const auto& change : changes_between(*old_one.configuration, old_keying, *new_one.configuration, new_keying)) {
    const auto json = to_json(change);
    auto line = json["change"].get<std::string>() + " " + change.section + " " + change.name + " " +
                json["sas"].get<std::string>();
    for (const auto& field : change.fields) line += "; " + field.field + ": " + field.before + " -> " + field.after;
    lines.push_back(line);
  }
  return lines;
}
using Lines = std::vector<std::string>;
}  // namespace

TEST_CASE("a policy that came, one that went, one that changed, each with what happens to its SAs") {
  const auto a = secure("a", "10.0.0.1");
  const auto b = secure("b", "10.0.0.2", "AH-SHA256");
  CHECK(told(document_of(a + "," + b), document_of(a + "," + b)).empty());
  CHECK(told(document_of(a), document_of(b + "," + a)) == Lines{"+ policies b none"});
  CHECK(told(document_of(a + "," + b), document_of(a)) == Lines{"- policies b deleted"});
  // Another policy still wants the same protection.
  CHECK(told(document_of(a + "," + secure("c", "10.0.0.3")), document_of(a)) == Lines{"- policies c kept"});
  CHECK(told(document_of(a + "," + secure("c", "10.0.0.3")),
             document_of(a + "," + secure("c", "10.0.0.3", "AH-SHA256")))[0]
            .starts_with("~ policies c renegotiated"));
  CHECK(told(document_of(a), document_of(secure("a", "10.0.0.9"))) ==
        Lines{"~ policies a kept; filter.remote: 10.0.0.1 -> 10.0.0.9"});
  CHECK(told(document_of(b), document_of(secure("b", "10.0.0.2", "AH-SHA512"))) ==
        Lines{"~ policies b renegotiated; transforms: AH-SHA256/28800/0 -> AH-SHA512/28800/0"});
  CHECK(told(document_of(b), document_of(R"({"name": "b", "filter": {"remote": "10.0.0.2"}, "action": "pass"})"))[0]
            .starts_with("~ policies b deleted; action: secure -> pass"));
  CHECK(told(document_of(a + "," + b), document_of(b + "," + a)) ==
        Lines{"~ policies b kept; place: 2 -> 1", "~ policies a kept; place: 1 -> 2"});
}

TEST_CASE("an absent key and its default are the same; what it means is told") {
  const auto bare = R"({"name": "a", "action": "pass"})";
  CHECK(told(document_of(bare), document_of(R"({"name": "a", "filter": {"local": "any"}, "action": "pass"})")).empty());
  CHECK(told(document_of(bare), document_of(R"({"name": "a", "filter": {"local": "10.1.0.1"}, "action": "pass"})")) ==
        Lines{"~ policies a none; filter.local: any -> 10.1.0.1"});
}

TEST_CASE("ISAKMP policies, the bypass list and the default policy are told too") {
  const auto before = document_of("");
  CHECK(told(before, document_of("", R"(, "bypass": ["10.0.0.1"], "default_policy": {"action": "discard"})")) ==
        Lines{"+ bypass 10.0.0.1 none", "~ default_policy default none; action: pass -> discard"});
  CHECK(told(before, document_of("", R"(, "allow_legacy": true, "startup": {"bootup": true})")) ==
        Lines{"~ allow_legacy  none; allow_legacy: false -> true", "~ startup  none; bootup: false -> true"});
  auto other = before;
  other.replace(other.find("MODP2048"), 8, "MODP3072");
  CHECK(told(before, other) ==
        Lines{"~ isakmp_policies all none; proposals: AES128-SHA256-MODP2048 -> AES128-SHA256-MODP3072"});
}
