#include "cli/common/arguments.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <list>

#include "base/text.hpp"

namespace ipsec9000::cli {

namespace {
// One option as CLI11 is to know it, and where its argument goes.
struct Slot {
  const Option* option;
  CLI::Option* parsed;
  std::string argument;
};

void declare(CLI::App& app, const Option& option, std::list<Slot>& slots) {
  auto& slot = slots.emplace_back(Slot{&option, nullptr, {}});
  const auto name = "--" + std::string(option.name);
  if (option.argument == Argument::none) {
    slot.parsed = app.add_flag(name);
  } else {
    slot.parsed = app.add_option(name, slot.argument);
    if (option.argument == Argument::optional) slot.parsed->expected(0, 1);
  }
}
}  // namespace

std::optional<std::string> Arguments::value(std::string_view option) const {
  const auto found = values_.find(option);
  return found == values_.end() ? std::nullopt : found->second;
}

Result<Arguments> parse(const Tool& tool, std::span<const std::string> typed) {
  auto normal = normalise(tool, typed);
  if (!normal) return normal.error();
  CLI::App app(std::string(tool.summary), std::string(tool.name));
  app.set_help_flag();  // ours is an option like the others
  std::list<Slot> slots;
  for (const auto& option : tool.options) declare(app, option, slots);
  for (const auto& option : common_options()) declare(app, option, slots);
  Arguments arguments;
  app.add_option("words", arguments.words_);
  try {
    std::reverse(normal->begin(), normal->end());  // CLI11 takes a vector from its end
    app.parse(*normal);
  } catch (const CLI::ParseError& failure) {
    return wrong_usage(escape_control(failure.what()));
  }
  for (const auto& slot : slots) {
    if (slot.parsed->count() == 0) continue;
    if (slot.parsed->count() > 1) return wrong_usage("-" + std::string(slot.option->name) + " is given twice");
    const bool empty = slot.option->argument == Argument::none || slot.argument.empty();
    arguments.values_[std::string(slot.option->name)] = empty ? std::nullopt : std::optional(slot.argument);
  }
  if (tool.verbs.empty() && !arguments.words_.empty())
    return wrong_usage("\"" + escape_control(arguments.words_.front().substr(0, 60)) + "\" is no option of " +
                       std::string(tool.name) + ": options begin with '-'");
  return arguments;
}

Result<VerbCall> find_verb(const Tool& tool, const Arguments& arguments) {
  const auto& words = arguments.words();
  for (const auto& verb : tool.verbs) {
    const auto wanted = split(verb.words, ' ');
    if (words.size() < wanted.size() || !std::equal(wanted.begin(), wanted.end(), words.begin())) continue;
    VerbCall call{&verb, {words.begin() + static_cast<std::ptrdiff_t>(wanted.size()), words.end()}};
    if (call.arguments.size() < verb.minimum || call.arguments.size() > verb.maximum)
      return wrong_usage("\"" + std::string(verb.words) + "\" wants " +
                         (verb.placeholders.empty() ? "no argument" : std::string(verb.placeholders)) + ", got " +
                         std::to_string(call.arguments.size()) + " arguments");
    for (const auto& option : tool.options) {
      const auto takers = split(option.verbs, ',');
      const auto takes = [&](const std::string& taker) { return trim(taker) == verb.words; };
      if (arguments.has(option.name) && !option.verbs.empty() && std::none_of(takers.begin(), takers.end(), takes))
        return wrong_usage("\"" + std::string(verb.words) + "\" does not take -" + std::string(option.name));
    }
    return call;
  }
  std::vector<std::string> names;
  for (const auto& verb : tool.verbs) names.emplace_back(verb.words);
  const auto all = join(names, ", ");
  if (words.empty()) return wrong_usage("a verb is missing: " + all);
  const auto typed = words.size() > 1 ? words[0] + " " + words[1] : words[0];
  auto near = nearest_word(typed, names);
  if (!near) near = nearest_word(words[0], names);
  return wrong_usage("unknown verb \"" + escape_control(typed.substr(0, 60)) + "\"" +
                     (near ? "; did you mean \"" + *near + "\"?" : "; there are: " + all));
}

}  // namespace ipsec9000::cli
