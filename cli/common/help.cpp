#include <algorithm>

#include "base/text.hpp"
#include "cli/common/arguments.hpp"
#include "policy/keys.hpp"

namespace ipsec9000::cli {

namespace {
// Two columns: what is typed, what it does.
void add_row(std::string& out, const std::string& left, std::string_view right) {
  constexpr std::size_t column = 34;
  out += "  " + left;
  if (left.size() + 4 > column)
    out += "\n" + std::string(column, ' ');
  else
    out += std::string(column - left.size() - 2, ' ');
  out += right;
  out += '\n';
}

void add_options(std::string& out, std::span<const Option> options) {
  for (const auto& option : options) {
    if (option.hidden) continue;
    auto left = shown(option);
    for (const auto& alias : split(option.aliases, ' '))
      if (!alias.empty()) left += ", -" + alias;
    add_row(out, left, option.help);
  }
}
void add_fields(std::string& out, std::string_view list) {
  out += "\nFields of " + std::string(list) + ":\n";
  const auto below = std::string(list) + "[].";
  for (const auto& row : configuration_key_rows())
    if (row.path.starts_with(below) && row.key->type != KeyType::object)
      add_row(out, row.path.substr(below.size()), row.key->description);
}
}  // namespace

std::string shown(const Option& option) {
  auto text = "-" + std::string(option.name);
  if (option.argument == Argument::required) text += " " + std::string(option.placeholder);
  if (option.argument == Argument::optional) text += " [" + std::string(option.placeholder) + "]";
  return text;
}

std::string help_text(const Tool& tool) {
  const std::string name(tool.name);
  auto out = name + " - " + std::string(tool.summary) + "\n\nUsage: " + name +
             (tool.verbs.empty() ? " OPTION...\n" : " [VERB [ARGUMENT...]] [OPTION...]\n");
  if (!tool.verbs.empty()) {
    out += "\nVerbs:\n";
    for (const auto& verb : tool.verbs)
      add_row(out, std::string(verb.words) + (verb.placeholders.empty() ? "" : " " + std::string(verb.placeholders)),
              verb.help);
  }
  out += "\nOptions (one dash or two; three letters are enough where they are clear):\n";
  add_options(out, tool.options);
  add_options(out, common_options());
  for (const auto list : tool.edited_lists) add_fields(out, list);
  out += "\nExamples:\n";
  for (const auto& example : tool.examples)
    out += "  " + std::string(example.command) + "\n      " + std::string(example.meaning) + "\n";
  out += "\nMore: man " + name + "\n";
  return out;
}

}  // namespace ipsec9000::cli
