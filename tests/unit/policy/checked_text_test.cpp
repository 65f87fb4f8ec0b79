// The quick check of a text that differs in a few policies: whatever it accepts, the whole check accepts as the same.
#include "policy/checked_text.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "policies.hpp"
#include "policy/edit.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
const std::string base_text = R"({ // telnet and its friends
  "version": 1,
  "policies": [ /* in the order of the file */
    { "name": "telnet", "filter": { "local": "10.0.0.1", "remote": "10.0.0.2", "protocol": "tcp", "remote_port": 23 },
      "action": "secure", "transforms": ["ESP-AES128-HMAC-SHA256", "ESP-AES256-HMAC-SHA256/3600/0"] }, // "}"
    {"name":"web","filter":{"remote":"10.0.0.3","service":"http"},"action":"pass"},{"name":"x","action":"discard",
     "filter": {"remote": "10.1.0.0/16"}},

    { "name": "ping", "filter": { "protocol": "icmp", "icmp": {"type": 8} }, "action": "pass" }
  ],
  "isakmp_policies": [ { "name": "servers", "remote": "10.0.0.0/24", "proposals": ["AES128-SHA256-MODP2048"] } ]
}
)";

struct Checked {
  explicit Checked(const std::string& text) {
    auto parsed = parse_configuration(text, "base");
    INFO((parsed.messages.empty() ? "" : parsed.lines().front()));
    REQUIRE(parsed.valid());
    configuration = std::move(*parsed.configuration);
    checked = CheckedText(text, std::move(parsed.spans));
  }
  std::optional<CheckedText::Change> change_to(const std::string& text) const {
    return checked.change_to(text, configuration);
  }
  // Whether the quick check accepts it; then the whole one must, and say the same.
  bool accepts(const std::string& text) const {
    const auto change = change_to(text);
    if (!change) return false;
    const auto parsed = parse_configuration(text, "next");
    INFO(text);
    REQUIRE(parsed.valid());
    auto led_to = configuration;
    for (const auto& policy : change->policies) led_to.policies[policy.place - 1] = policy;
    REQUIRE(*parsed.configuration == led_to);
    auto follower = checked;
    follower.accept(text, *change);
    REQUIRE(follower.text() == text);
    REQUIRE(follower.spans() == parsed.spans);
    return true;
  }

  Configuration configuration;
  CheckedText checked;
};

std::string with(const std::string& what, const std::string& instead) {
  auto text = base_text;
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), instead);
}
}  // namespace

TEST_CASE("a policy that says something else is found, and it alone") {
  const Checked base(base_text);
  const auto change = base.change_to(with("AES256-HMAC-SHA256/3600/0", "AES256-GCM16"));
  REQUIRE(change);
  REQUIRE(change->policies.size() == 1);
  CHECK(change->policies[0].name == "telnet");
  CHECK(change->policies[0].place == 1);
  CHECK(change->silent);
  CHECK(base.accepts(with("10.0.0.3", "10.200.0.3")));
  CHECK(base.accepts(with("\"type\": 8", "\"type\": 0 /* the answer */")));
  CHECK(base.change_to(base_text)->policies.empty());
  CHECK(base.change_to(with("\"action\": \"pass\" }", "\"action\":   \"pass\" }"))->policies.empty());
  CHECK_FALSE(base.change_to(with("/3600/0", "/60/0"))->silent);  // a short lifetime is warned of
}

TEST_CASE("several policies at once, up to the places of two exchanged") {
  const Checked base(base_text);
  auto text = with("10.0.0.3", "10.0.0.4");
  text.replace(text.find("10.1.0.0/16"), 11, "10.2.0.0/16");
  const auto change = base.change_to(text);
  REQUIRE(change);
  CHECK(change->policies.size() == 2);
  CHECK(base.accepts(text));
}

TEST_CASE("what only the whole check can tell is left to it") {
  const Checked base(base_text);
  for (const auto& [what, instead] : std::vector<std::pair<std::string, std::string>>{
           {"\"name\": \"ping\"", "\"name\": \"pong\""},              // another name
           {"\"version\": 1", "\"version\": 1, \"bypass\": []"},      // something before the policies
           {"\"servers\"", "\"clients\""},                            // something behind them
           {"\"remote\": \"10.0.0.2\"", "\"remote\": \"10.9.0.2\""},  // no ISAKMP policy for it
           {"ESP-AES128-HMAC-SHA256", "ESP-3DES-HMAC-MD5"},           // needs "allow_legacy"
           {"\"action\": \"pass\" }", "\"action\": \"pass\" }, {}"},
           {"\"action\": \"pass\" }", "\"action\": \"pass\" // }"},
           {"\"action\": \"pass\" }", "\"action\": \"pass\" /* }"},
           {"{ \"name\": \"ping\"", "/* { \"name\": \"ping\""},
           {"\"action\":\"pass\"}", "\"action\":\"nonsense\"}"}}) {
    INFO(instead);
    CHECK_FALSE(base.change_to(with(what, instead)));
  }
}

TEST_CASE(
    "whatever byte is lost, added or changed: what the quick check accepts, the whole check accepts as the same") {
  const Checked base(base_text);
  const std::string bytes = "{}[],:\"/*\\\n 0x";
  unsigned accepted = 0;
  for (std::size_t at = 0; at < base_text.size(); ++at) {
    auto lost = base_text;
    accepted += base.accepts(lost.erase(at, 1)) ? 1 : 0;
    for (const char byte : bytes) {
      auto text = base_text;
      text[at] = byte;
      accepted += base.accepts(text) ? 1 : 0;
      accepted += base.accepts(std::string(base_text).insert(at, 1, byte)) ? 1 : 0;
    }
  }
  CHECK(accepted > 500);
}

TEST_CASE("two changes far apart, and pieces that move: the quick check is never more lenient") {
  const Checked base(base_text);
  RandomPolicies random(7);
  const auto size = static_cast<unsigned>(base_text.size());
  const std::vector<std::string> pieces{"10.0.0.2", "{", "}", "\"", "},{", "/*", "*/", "// ", "\n", "pass", "23", ", "};
  unsigned accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto text = base_text;
    for (unsigned n = 1 + random.pick(3); n != 0; --n) {
      const auto at = random.pick(static_cast<unsigned>(text.size()));
      const auto piece = random.one_in(2) ? pieces[random.pick(static_cast<unsigned>(pieces.size()))]
                                          : base_text.substr(random.pick(size), random.pick(30));
      text.replace(at, random.one_in(2) ? piece.size() : 0, piece);
    }
    accepted += base.accepts(text) ? 1 : 0;
  }
  CHECK(accepted > 100);
}

TEST_CASE("after an accepted change the next one is found in the new text") {
  Checked base(base_text);
  for (const auto* remote : {"10.0.0.77", "10.0.0.7", "10.0.0.200", "10.0.0.2"})
    for (const auto* name : {"telnet", "web", "ping"}) {
      const auto text =
          *edited(base.checked.text(), {.section = "policies", .name = name, .values = {{"filter.remote", remote}}});
      REQUIRE(base.accepts(text));
      const auto change = base.change_to(text);
      for (const auto& policy : change->policies) base.configuration.policies[policy.place - 1] = policy;
      base.checked.accept(text, *change);
    }
  CHECK(base.accepts(base.checked.text()));
}
