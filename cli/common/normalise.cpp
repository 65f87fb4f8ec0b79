#include <algorithm>

#include "base/text.hpp"
#include "cli/common/arguments.hpp"

namespace ipsec9000::cli {

namespace {
constexpr std::size_t shortest_prefix = 3;

std::vector<const Option*> options_of(const Tool& tool) {
  std::vector<const Option*> all;
  for (const auto& option : tool.options) all.push_back(&option);
  for (const auto& option : common_options()) all.push_back(&option);
  return all;
}

bool is_alias(const Option& option, std::string_view word) {
  const auto aliases = split(option.aliases, ' ');
  return !word.empty() && std::find(aliases.begin(), aliases.end(), word) != aliases.end();
}

Result<const Option*> find_option(const Tool& tool, std::string_view word) {
  const auto options = options_of(tool);
  for (const auto* option : options)
    if (option->name == word || is_alias(*option, word)) return option;
  std::vector<const Option*> fitting;
  if (word.size() >= shortest_prefix)
    std::copy_if(options.begin(), options.end(), std::back_inserter(fitting),
                 [&](const Option* option) { return option->name.starts_with(word); });
  if (fitting.size() == 1) return fitting.front();
  const auto typed = "-" + escape_control(word.substr(0, 60));
  if (!fitting.empty()) {
    std::vector<std::string> names;
    names.reserve(fitting.size());
    for (const auto* option : fitting) names.push_back("-" + std::string(option->name));
    return wrong_usage(typed + " may mean " + join(names, " or "));
  }
  std::vector<std::string> names;
  for (const auto* option : options)
    if (!option->hidden) names.emplace_back(option->name);
  const auto near = nearest_word(word, names);
  return wrong_usage("unknown option " + typed + (near ? "; did you mean -" + *near + "?" : ""));
}

bool looks_like_option(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

std::string_view without_dashes(std::string_view word) {
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  return word;
}

// What follows an option: may it be its argument? "-audit -start" is a forgotten directory, "-p -1" is an argument.
bool may_be_argument(const Tool& tool, std::string_view word) {
  return !looks_like_option(word) || !find_option(tool, without_dashes(word).substr(0, word.find('=')));
}
}  // namespace

Result<std::vector<std::string>> normalise(const Tool& tool, std::span<const std::string> typed) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < typed.size(); ++at) {
    const std::string_view word = typed[at];
    if (word == "--") {
      out.insert(out.end(), typed.begin() + static_cast<std::ptrdiff_t>(at), typed.end());
      break;
    }
    if (!looks_like_option(word)) {
      out.emplace_back(word);
      continue;
    }
    const auto bare = without_dashes(word);
    const auto equals = bare.find('=');
    const auto option = find_option(tool, bare.substr(0, equals));
    if (!option) return option.error();
    const auto& found = **option;
    auto normal = "--" + std::string(found.name);
    if (equals != std::string_view::npos) {
      if (found.argument == Argument::none) return wrong_usage("-" + std::string(found.name) + " takes no argument");
      normal += bare.substr(equals);
    } else if (found.argument == Argument::required) {
      if (at + 1 == typed.size() || !may_be_argument(tool, typed[at + 1]))
        return wrong_usage(shown(found) + ": the argument is missing");
      normal += "=" + typed[++at];
    } else if (found.argument == Argument::optional && at + 1 < typed.size() && !looks_like_option(typed[at + 1])) {
      normal += "=" + typed[++at];
    }
    if (normal.ends_with('=') && normal.find('=') == normal.size() - 1)
      return wrong_usage(shown(found) + ": the argument is empty");
    out.push_back(std::move(normal));
  }
  return out;
}

}  // namespace ipsec9000::cli
