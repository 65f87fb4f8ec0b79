// Makes a manual page from its template: prose is written by hand, tables come from where the facts stand in the code.
//   generate TEMPLATE OUTPUT
// A template's line "@options ipsec_admin@" (or another of the tables below) is replaced by the table in mdoc(7).
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "audit/events.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/common/arguments.hpp"
#include "policy/keys.hpp"

namespace ipsec9000 {
namespace {

// Text inside a macro line or a paragraph: nothing in it is taken for a request.
std::string escaped(std::string_view text) {
  std::string out;
  if (!text.empty() && (text.front() == '.' || text.front() == '\'')) out = "\\&";
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

// Each sentence on a line of its own, as mdoc wants it.
std::string sentences(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool ends = (text[at] == '.' || text[at] == '?') && at + 1 < text.size() && text[at + 1] == ' ';
    out += text[at];
    if (ends) {
      out += '\n';
      ++at;
    }
  }
  std::string lines;
  for (const auto& line : split(out, '\n'))
    if (!line.empty()) lines += escaped(line) + "\n";
  return lines;
}

std::string half_sentence(std::string_view text) {
  std::string whole(text);
  if (whole.empty()) return whole;
  if (whole[0] >= 'a' && whole[0] <= 'z') whole[0] = static_cast<char>(whole[0] - 'a' + 'A');
  return sentences(whole + ".");
}

void add_option(std::string& out, const cli::Option& option) {
  if (option.hidden) return;
  std::string flags = ".It Fl " + escaped(option.name);
  for (const auto& alias : split(option.aliases, ' '))
    if (!alias.empty()) flags += " , Fl " + escaped(alias);
  if (option.argument == cli::Argument::required) flags += " Ar " + escaped(option.placeholder);
  if (option.argument == cli::Argument::optional) flags += " Op Ar " + escaped(option.placeholder);
  out += flags + "\n" + half_sentence(option.help) + sentences(option.description);
  if (!option.verbs.empty()) out += "Only with\n.Cm " + escaped(option.verbs) + " .\n";
}

const cli::Tool* find_tool(std::string_view name) {
  for (const auto* tool : cli::all_tools())
    if (tool->name == name) return tool;
  return nullptr;
}

std::string list(const std::string& items) { return ".Bl -tag -width Ds\n" + items + ".El\n"; }

std::string options(const cli::Tool& tool) {
  std::string items;
  for (const auto& option : tool.options) add_option(items, option);
  for (const auto& option : cli::common_options()) add_option(items, option);
  return list(items);
}

std::string verbs(const cli::Tool& tool) {
  std::string items;
  for (const auto& verb : tool.verbs) {
    items += ".It Cm " + escaped(verb.words) + (verb.placeholders.empty() ? "" : " Ar " + escaped(verb.placeholders));
    items += "\n" + half_sentence(verb.help) + sentences(verb.description);
  }
  return list(items);
}

std::string examples(const cli::Tool& tool) {
  std::string out;
  for (const auto& example : tool.examples)
    out += sentences(example.meaning) + ".Dl " + escaped(example.command) + "\n.Pp\n";
  if (out.ends_with(".Pp\n")) out.resize(out.size() - 4);
  return out;
}

std::string exit_statuses() {
  std::string items;
  for (const auto& status : cli::exit_statuses())
    items += ".It " + std::to_string(status.number) + "\n" + sentences(status.meaning);
  return list(items);
}

std::string audit_events() {
  std::string items;
  for (const auto* event : all_events())
    items += ".It Sy " + escaped(event->id) + " Pq " + std::string(to_string(event->level)) + "\n.Dl " +
             escaped(event->sentence) + "\n.Pp\n" + sentences(event->meaning);
  return list(items);
}

std::string configuration_keys() {
  std::string items;
  for (const auto& row : configuration_key_rows()) {
    items += ".It Sy " + escaped(row.path) + "\n" + half_sentence(row.key->description);
    if (!row.key->allowed.empty()) items += "Allowed: " + escaped(row.key->allowed) + ".\n";
    if (row.key->required)
      items += "Required.\n";
    else if (!row.key->fallback.empty())
      items += "Default: " + escaped(row.key->fallback) + ".\n";
  }
  return list(items);
}

Result<std::string> table(std::string_view name) {
  const auto words = split(name, ' ');
  if (words.size() == 1) {
    const std::map<std::string, std::function<std::string()>> tables{
        {"exit", exit_statuses}, {"audit-events", audit_events}, {"configuration-keys", configuration_keys}};
    if (const auto found = tables.find(words[0]); found != tables.end()) return found->second();
  }
  if (words.size() == 2) {
    const std::map<std::string, std::function<std::string(const cli::Tool&)>> tables{
        {"options", options},
        {"verbs", verbs},
        {"examples", examples},
        {"description", [](const cli::Tool& tool) { return sentences(tool.description); }},
        {"summary", [](const cli::Tool& tool) { return ".Nd " + escaped(tool.summary) + "\n"; }}};
    const auto found = tables.find(words[0]);
    const auto* tool = find_tool(words[1]);
    if (found != tables.end() && tool != nullptr) return found->second(*tool);
  }
  return Error{ErrorCode::not_found, "no table \"" + std::string(name) + "\""};
}

Result<void> generate(const std::filesystem::path& from, const std::filesystem::path& to) {
  const auto page = read_file(from);
  if (!page) return page.error();
  std::string out;
  for (const auto& line : split(*page, '\n')) {
    if (line.size() > 2 && line.starts_with('@') && line.ends_with('@')) {
      const auto made = table(std::string_view(line).substr(1, line.size() - 2));
      if (!made) return made.error().within(from.string());
      out += *made;
    } else {
      out += line + "\n";
    }
  }
  while (out.ends_with("\n\n")) out.pop_back();
  return replace_file(to, out, 0644);
}

}  // namespace
}  // namespace ipsec9000

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: generate TEMPLATE OUTPUT\n", stderr);
    return 2;
  }
  const auto done = ipsec9000::generate(argv[1], argv[2]);
  if (!done) std::fprintf(stderr, "generate: %s\n", done.error().text.c_str());
  return done ? 0 : 1;
}
