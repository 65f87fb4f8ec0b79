// Edits keep what they are not about: comments, order, line breaks.
#include "policy/edit.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "policies.hpp"
#include "policy/parse.hpp"
#include "policy/to_document.hpp"
#include "support/temporary_directory.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
constexpr std::string_view document = R"(// the hosts of finance
{
  "version": 1, // the only one
  "policies": [ // in order
    // ---- ours ----

    // for the operators
    { "name": "telnet",   /* keep */
      "filter": {"remote": "10.1.0.2", "protocol": "tcp", "remote_port": 23}, // there
      "action": "pass" }, // until May
    // everybody
    { "name": "web", "filter": {"remote": "10.1.0.3"}, "action": "pass" }
    // the end
  ],
  "bypass": ["10.9.0.1"] // the console
}
)";

Edit edit(Edit::Verb verb, std::string section, std::string name,
          std::vector<std::pair<std::string, Json>> values = {}) {
  return {verb, std::move(section), std::move(name), std::move(values)};
}

std::string after(const Edit& change, std::string_view text = document) {
  auto result = edited(text, change);
  if (!result) return "error: " + result.error().text;
  const auto parsed = parse_configuration(*result, "f");
  if (!parsed.valid()) return "invalid: " + parsed.lines().front() + "\n" + *result;
  return *result;
}

// `document` with one passage replaced.
std::string edited_with(std::string_view old, std::string_view fresh) {
  std::string text(document);
  const auto at = text.find(old);
  if (at == std::string::npos) return "no such passage";
  return text.replace(at, old.size(), fresh);
}
}  // namespace

TEST_CASE("setting a value changes that value only") {
  CHECK(after(edit(Edit::Verb::set, "policies", "telnet", {{"filter.remote_port", 992}})) ==
        edited_with("23}", "992}"));
  CHECK(after(edit(Edit::Verb::set, "policies", "web", {{"action", "discard"}})) ==
        edited_with(R"("10.1.0.3"}, "action": "pass")", R"("10.1.0.3"}, "action": "discard")"));
}

TEST_CASE("a new member goes behind the last one, a null takes one out") {
  CHECK(after(edit(Edit::Verb::set, "policies", "web", {{"filter.protocol", "tcp"}, {"filter.local_port", 80}})) ==
        edited_with(R"("10.1.0.3"})", R"("10.1.0.3", "protocol": "tcp", "local_port": 80})"));
  CHECK(after(edit(Edit::Verb::set, "policies", "telnet", {{"filter.remote_port", nullptr}})) ==
        edited_with(R"(, "remote_port": 23)", ""));
  CHECK(after(edit(Edit::Verb::set, "policies", "telnet", {{"filter", nullptr}})).find("there") == std::string::npos);
  CHECK(*edited(document, edit(Edit::Verb::set, "policies", "telnet", {{"exclusive", true}})) ==
        edited_with(R"("action": "pass" }, // until)", "\"action\": \"pass\",\n      \"exclusive\": true }, // until"));
}

TEST_CASE("an added policy stands where it is wanted, in the manner of its neighbours") {
  auto add = edit(Edit::Verb::add, "policies", "new", {{"filter.remote", "10.1.0.4"}, {"action", "pass"}});
  const std::string item = R"({ "name": "new",
      "filter": {"remote": "10.1.0.4"},
      "action": "pass" })";
  CHECK(after(add) == edited_with("\"action\": \"pass\" }\n    // the end",
                                  "\"action\": \"pass\" },\n    " + item + "\n    // the end"));
  add.where = Edit::Where::first;
  CHECK(after(add) == edited_with("    // for the operators", "    " + item + ",\n    // for the operators"));
  add.where = Edit::Where::after;
  add.anchor = "telnet";
  CHECK(after(add) == edited_with("// until May", "// until May\n    " + item + ","));
  add.anchor = "tellnet";
  CHECK(after(add).find("did you mean telnet?") != std::string::npos);
}

TEST_CASE("a policy moves with its comments, and goes with them") {
  auto move = edit(Edit::Verb::move, "policies", "web");
  move.where = Edit::Where::before;
  move.anchor = "telnet";
  const auto moved = after(move);
  CHECK(moved.find("// everybody\n    { \"name\": \"web\"") != std::string::npos);
  CHECK(moved.find("// for the operators\n    { \"name\": \"telnet\",   /* keep */") != std::string::npos);
  CHECK(moved.find("web") < moved.find("telnet"));
  CHECK(moved.find("// ---- ours ----") < moved.find("web"));
  move.anchor = "web";
  CHECK(after(move).starts_with("error: "));
  const auto gone = after(edit(Edit::Verb::remove, "policies", "telnet"));
  for (const char* kept : {"finance", "the only one", "in order", "ours", "everybody", "the end", "console"})
    CHECK(gone.find(kept) != std::string::npos);
  for (const char* lost : {"telnet", "operators", "until May"}) CHECK(gone.find(lost) == std::string::npos);
}

TEST_CASE("the bypass list, sections that are not there yet, and sections without names") {
  CHECK(after(edit(Edit::Verb::add, "bypass", "10.9.0.2")) ==
        edited_with(R"("10.9.0.1"])", R"("10.9.0.1", "10.9.0.2"])"));
  CHECK(after(edit(Edit::Verb::remove, "bypass", "10.9.0.1")) == edited_with(R"("10.9.0.1")", ""));
  const auto text = after(edit(Edit::Verb::set, "default_policy", "", {{"action", "discard"}}));
  CHECK(text.find("[\"10.9.0.1\"], // the console\n  \"default_policy\": {\"action\": \"discard\"}\n}") !=
        std::string::npos);
  const auto first = after(edit(Edit::Verb::add, "policies", "only", {{"action", "pass"}}), "{\"version\": 1}");
  CHECK(parse_configuration(first, "f").configuration->policies.size() == 1);
}

TEST_CASE("what makes no sense is refused, with the reason") {
  CHECK(after(edit(Edit::Verb::add, "policies", "web")).find("already") != std::string::npos);
  CHECK(after(edit(Edit::Verb::set, "policies", "tellnet", {{"action", "pass"}})).find("did you mean telnet?") !=
        std::string::npos);
  CHECK(after(edit(Edit::Verb::set, "nothing", "")).starts_with("error: "));
  CHECK(after(edit(Edit::Verb::remove, "startup", "")).starts_with("error: "));
  CHECK(after(edit(Edit::Verb::remove, "policies", "web"), "{\"policies\": [").starts_with("error: line 1"));
  CHECK(after(edit(Edit::Verb::set, "policies", "web", {{"colour", "red"}})).starts_with("invalid: "));
}

TEST_CASE("an edit of one policy in a known text gives the text that any edit gives") {
  const std::string two_lines =
      "{\"policies\": [\n   {\"name\": \"telnet\", \"action\": \"pass\"}, {\"name\": \"web\",\n"
      " \"action\": \"pass\"}]}";
  for (const auto& text : {std::string(document), two_lines}) {
    const auto whole = R"({"version": 1, )" + text.substr(text.find("\"policies\""));
    auto parsed = parse_configuration(whole, "known");
    REQUIRE(parsed.valid());
    const auto configuration = *parsed.configuration;
    const CheckedText checked(whole, std::move(parsed.spans));
    unsigned known = 0;
    for (const auto* name : {"telnet", "web", "nobody"})
      for (const auto& values : std::vector<std::vector<std::pair<std::string, Json>>>{
               {{"action", "discard"}},
               {{"filter.remote_port", 992}, {"filter.local", "10.1.0.9"}},
               {{"filter", nullptr}},
               {{"tunnel.local", "10.0.0.1"}, {"tunnel.remote", "10.0.0.2"}, {"name", "other"}}}) {
        const auto change = edit(Edit::Verb::set, "policies", name, values);
        const auto quick = edited({checked, configuration}, change);
        if (!quick) continue;
        ++known;
        CHECK(*quick == *edited(whole, change));
      }
    CHECK(known >= 4);
    CHECK_FALSE(edited({checked, configuration}, edit(Edit::Verb::remove, "policies", "web")));
  }
}

TEST_CASE("a file is replaced whole, private, and only when the outcome is valid") {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "etc" / "ipsec.json";
  const auto add = edit(Edit::Verb::add, "policies", "a", {{"action", "pass"}});
  const auto made = edit_file(file, {add}, "");
  REQUIRE(made);
  CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms(0777)) == std::filesystem::perms(0600));
  CHECK(made->revision == revision_of(*read_file(file)));
  const auto before = *read_file(file);
  const auto bad = edit_file(file, {edit(Edit::Verb::add, "policies", "b", {{"action", "pas"}})}, "");
  REQUIRE_FALSE(bad);
  CHECK(bad.error().text.find("/policies/1/action") != std::string::npos);
  // All or none, and nobody's edit is lost.
  CHECK_FALSE(edit_file(file, {edit(Edit::Verb::add, "policies", "b", {{"action", "pass"}}), add}, ""));
  CHECK(edit_file(file, {edit(Edit::Verb::remove, "policies", "a")}, "0000").error().code == ErrorCode::refused);
  CHECK(*read_file(file) == before);
  CHECK(edit_file(file, {edit(Edit::Verb::remove, "policies", "a")}, made->revision));
}

TEST_CASE("an edit survives its way to secpolicyd") {
  auto change = edit(Edit::Verb::add, "policies", "a", {{"filter.remote_port", 23}, {"pfs", nullptr}});
  change.where = Edit::Where::before;
  change.anchor = "b";
  const auto back = edit_from_json(to_json(change));
  REQUIRE(back);
  CHECK(to_json(*back) == to_json(change));
  for (const char* odd : {"[]", "{}", R"({"verb": "burn"})", R"({"verb": "add", "name": 7})",
                          R"({"verb": "add", "values": []})", R"({"verb": "add", "where": "up"})"})
    CHECK_FALSE(edit_from_json(Json::parse(odd)));
}

TEST_CASE("a configuration that is printed and read again is the same") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    RandomPolicies random(seed);
    const auto configuration = random.configuration(12);
    auto with_isakmp = configuration;
    for (auto& policy : with_isakmp.policies)
      for (auto* ports : {&policy.filter.local_port, &policy.filter.remote_port})
        if (!is_icmp(policy.filter.protocol) && *ports == PortRange::one(0)) *ports = PortRange::any();  // 0 is any
    IsakmpPolicy all;
    all.name = "all";
    all.place = 1;
    all.proposals = {*IkeProposal::parse("AES128-SHA256-MODP2048")};
    with_isakmp.isakmp_policies = {all};
    const auto parsed = parse_configuration(to_document(with_isakmp).dump(2), "f");
    INFO("seed " << seed << ": " << (parsed.valid() ? "" : parsed.lines().front()));
    REQUIRE(parsed.valid());
    CHECK(*parsed.configuration == with_isakmp);
  }
}
