#include <catch2/catch.hpp>

#include "base/text.hpp"
#include "cli/common/arguments.hpp"

using namespace ipsec9000;
using namespace ipsec9000::cli;

namespace {
std::string normalised(const Tool& tool, const std::vector<std::string>& typed) {
  const auto normal = normalise(tool, typed);
  return normal ? join(*normal, " ") : "error: " + normal.error().text;
}
struct Row {
  std::vector<std::string> typed;
  std::string normal;
};
}  // namespace

TEST_CASE("every spelling of an option becomes one") {
  const auto row = GENERATE(
      Row{{"-auditlvl", "error"}, "--auditlvl=error"}, Row{{"--auditlvl", "error"}, "--auditlvl=error"},
      Row{{"-auditlv", "error"}, "--auditlvl=error"},  // as the original's manual has it once
      Row{{"-al", "error"}, "--auditlvl=error"}, Row{{"--al=error"}, "--auditlvl=error"},
      Row{{"-auditlvl=error"}, "--auditlvl=error"}, Row{{"-audit", "/x"}, "--audit=/x"},
      Row{{"-au", "/x"}, "--audit=/x"}, Row{{"-m", "100"}, "--maxsize=100"}, Row{{"-max", "100"}, "--maxsize=100"},
      Row{{"-star"}, "--start"}, Row{{"-st"}, "--start"}, Row{{"-sp"}, "--stop"}, Row{{"-sto"}, "--stop"},
      Row{{"-s"}, "--status"}, Row{{"-h"}, "--help"}, Row{{"--json", "-status"}, "--json --status"},
      Row{{"-np"}, "--newpasswd"}, Row{{"-d", "10.1.0.2"}, "--deletesa=10.1.0.2"},
      Row{{"-root", "/r", "-stat"}, "--root=/r --status"}, Row{{"-password-file", "-"}, "--password-file=-"},
      Row{{"-maxsize", "-5"}, "--maxsize=-5"}, Row{{"-auditlvl", "a=b"}, "--auditlvl=a=b"},
      Row{{"-status", "--", "-start"}, "--status -- -start"}, Row{{}, ""});
  CHECK(normalised(ipsec_admin_tool(), row.typed) == row.normal);
}

TEST_CASE("what is unknown, ambiguous or incomplete is refused with a hint") {
  const auto row =
      GENERATE(Row{{"-sta"}, "-start or -status"}, Row{{"-aud", "x"}, "-auditlvl or -audit"},
               Row{{"-new"}, "-newpasswd or -new-password-file"}, Row{{"-statsu"}, "did you mean -status?"},
               Row{{"--jason"}, "did you mean -json?"}, Row{{"-re"}, "unknown option -re"},
               Row{{"-audit"}, "-audit DIR: the argument is missing"},
               Row{{"-audit", "-start"}, "the argument is missing"}, Row{{"-audit="}, "the argument is empty"},
               Row{{"-audit", ""}, "the argument is empty"}, Row{{"-start=now"}, "-start takes no argument"},
               Row{{"-\x1b[2J"}, "\\x1b"}, Row{{std::string(100'000, '-')}, "unknown option"});
  CAPTURE(row.normal);
  const auto text = normalised(ipsec_admin_tool(), row.typed);
  CHECK(text.starts_with("error: "));
  CHECK(text.find(row.normal) != std::string::npos);
  CHECK(text.size() < 300);
}

TEST_CASE("optional arguments are taken when they are there") {
  const auto& tool = ipsec_report_tool();
  CHECK(normalised(tool, {"-policy", "configured"}) == "--policy=configured");
  CHECK(normalised(tool, {"-policy", "-sad"}) == "--policy --sad");
  CHECK(normalised(tool, {"-host"}) == "--policy");
  CHECK(normalised(tool, {"-ike"}) == "--isakmp");
  CHECK(normalised(tool, {"-sa", "ike"}) == "--sa=ike");
  CHECK(normalised(tool, {"-sad"}) == "--sad");
  CHECK(normalised(tool, {"-fail", "10.1.0.2", "-fil", "out"}) == "--failures=10.1.0.2 --file=out");
  CHECK(normalised(ipsec_policy_tool(), {"-sa", "::1", "-sp", "1", "-da", "::2", "-dp", "2", "-p", "tcp", "-dir", "in",
                                         "-why"}) == "--sa=::1 --sp=1 --da=::2 --dp=2 --p=tcp --dir=in --why");
}

TEST_CASE("arguments are read once, by name") {
  const auto parsed = parse(ipsec_admin_tool(), std::vector<std::string>{"-al", "debug", "-start", "--json"});
  REQUIRE(parsed);
  CHECK(parsed->value("auditlvl") == "debug");
  CHECK(parsed->has("start"));
  CHECK_FALSE(parsed->value("start"));
  CHECK_FALSE(parsed->has("stop"));
  const auto optional = parse(ipsec_report_tool(), std::vector<std::string>{"-policy", "-failures", "10.1.0.2"});
  REQUIRE(optional);
  CHECK(optional->has("policy"));
  CHECK_FALSE(optional->value("policy"));
  CHECK(optional->value("failures") == "10.1.0.2");
}

TEST_CASE("twice the same option, or words where none belong, are refused") {
  for (const auto& typed : std::vector<std::vector<std::string>>{{"-start", "-st"},
                                                                 {"-al", "debug", "-auditlvl", "error"},
                                                                 {"start"},
                                                                 {"-status", "now"},
                                                                 {"-status", "--", "-x"}}) {
    CAPTURE(join(typed, " "));
    CHECK_FALSE(parse(ipsec_admin_tool(), typed));
  }
}

TEST_CASE("verbs have their arguments and options, and near ones are proposed") {
  const auto call = [](const std::vector<std::string>& typed) -> std::string {
    const auto parsed = parse(ipsec_mgr_tool(), typed);
    if (!parsed) return parsed.error().text;
    const auto found = find_verb(ipsec_mgr_tool(), *parsed);
    if (!found) return found.error().text;
    return std::string(found->verb->words) + "(" + join(found->arguments, ",") + ")";
  };
  CHECK(call({"key", "set", "10.1.0.2", "-file", "f"}) == "key set(10.1.0.2)");
  CHECK(call({"-file", "f", "key", "set", "fd00::/16"}) == "key set(fd00::/16)");
  CHECK(call({"key", "list"}) == "key list()");
  CHECK(call({"check"}) == "check()");
  CHECK(call({"check", "a.json"}) == "check(a.json)");
  CHECK(call({"key", "set"}).find("wants REMOTE") != std::string::npos);
  CHECK(call({"key", "set", "a", "b"}).find("got 2 arguments") != std::string::npos);
  CHECK(call({"check", "a", "b"}).find("got 2") != std::string::npos);
  CHECK(call({"key", "lst"}).find("did you mean \"key list\"?") != std::string::npos);
  CHECK(call({"chek"}).find("did you mean \"check\"?") != std::string::npos);
  CHECK(call({"key", "list", "-file", "f"}).find("does not take -file") != std::string::npos);
  CHECK(call({}).find("a verb is missing") != std::string::npos);
}

TEST_CASE("each table is sound: every option can be typed, no two spellings collide, help names all") {
  for (const auto* tool : all_tools()) {
    const auto help = help_text(*tool);
    std::vector<std::string> spellings;
    const auto check = [&](const Option& option) {
      CAPTURE(tool->name, option.name);
      const auto with_argument = option.argument == Argument::required;
      const auto typed = with_argument ? std::vector<std::string>{"-" + std::string(option.name), "x"}
                                       : std::vector<std::string>{"-" + std::string(option.name)};
      CHECK(normalised(*tool, typed) == "--" + std::string(option.name) + (with_argument ? "=x" : ""));
      CHECK((help.find("-" + std::string(option.name)) != std::string::npos) == !option.hidden);
      if (!option.hidden) CHECK_FALSE(option.help.empty());
      spellings.emplace_back(option.name);
      for (const auto& alias : split(option.aliases, ' '))
        if (!alias.empty()) spellings.push_back(alias);
    };
    for (const auto& option : tool->options) check(option);
    for (const auto& option : common_options()) check(option);
    std::sort(spellings.begin(), spellings.end());
    CHECK(std::adjacent_find(spellings.begin(), spellings.end()) == spellings.end());
    for (const auto& example : tool->examples) CHECK(example.command.starts_with(tool->name));
  }
}
