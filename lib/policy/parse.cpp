#include "policy/parse.hpp"

#include <algorithm>

#include "base/files.hpp"
#include "base/text.hpp"
#include "policy/reader.hpp"

namespace ipsec9000 {

void ConfigurationReader::item(std::string_view list, std::size_t index, const Node& item) {
  if (list == "policies")
    read_policy(index, item);
  else if (list == "isakmp_policies")
    read_isakmp_policy(index, item);
  else if (list == "bypass")
    read_bypass(index, item);
  // Items of any other list: the list itself is refused at the end.
}

void ConfigurationReader::syntax_error(Position where, const std::string& pointer, const std::string& found,
                                       const std::string& text) {
  messages_.error(where, pointer, found, "", text);
}

bool ConfigurationReader::is_new_name(const std::string& name, const Node& item, const std::string& pointer,
                                      std::unordered_map<std::string, std::uint32_t>& lines) {
  const auto where = item.find("name")->where;
  const auto [at, fresh] = lines.try_emplace(name, where.line);
  if (fresh) return true;
  messages_.error(where, pointer_to(pointer, "name"), "\"" + name + "\"", "a name that no other has",
                  "the other one is in line " + std::to_string(at->second));
  return false;
}

void ConfigurationReader::read_bypass(std::size_t index, const Node& item) {
  const auto pointer = pointer_to("/bypass", index);
  ConfigurationKey key;
  key.allowed = "an address of this host";
  IpAddress address;
  if (item.type != Node::Type::text) {
    refuse(item, key, pointer, messages_);
    return;
  }
  if (!read_address(item, key, pointer, messages_, address)) return;
  if (bypass_lines_.try_emplace(address.to_string(), item.where.line).second)
    configuration_.bypass.push_back(address);
  else
    messages_.warning(item.where, pointer, address.to_string() + " stands in the list twice");
}

void ConfigurationReader::read_startup(const Node& root) {
  const auto* node = root.usable("startup");
  if (node == nullptr) return;
  auto& startup = configuration_.startup;
  if (const auto* bootup = node->usable("bootup")) startup.bootup = bootup->truth;
  if (const auto* level = node->usable("audit_level")) startup.audit_level = level->text;
  if (const auto* kilobytes = node->usable("audit_max_kilobytes"))
    startup.audit_max_kilobytes = static_cast<std::uint32_t>(kilobytes->number);
  if (const auto* directory = node->usable("audit_directory")) {
    startup.audit_directory = directory->text;
    if (!directory->text.starts_with('/') || directory->text.find('\0') != std::string::npos)
      refuse(*directory, *configuration_root().find("startup")->find("audit_directory"), "/startup/audit_directory",
             messages_);
  }
}

void ConfigurationReader::finish(const Node& root, bool complete) {
  if (!complete) return;
  check_shape(root, configuration_root(), "", messages_);
  if (root.type != Node::Type::object) return;
  if (const auto* fallback = root.usable("default_policy"))
    if (const auto* action = fallback->usable("action"))
      configuration_.default_action = action->text == "discard" ? Decision::discard : Decision::pass;
  if (const auto* legacy = root.usable("allow_legacy")) configuration_.allow_legacy = legacy->truth;
  if (const auto* revocation = root.usable("revocation"))
    configuration_.strict_revocation = revocation->text == "strict";
  read_startup(root);
  if (!configuration_.allow_legacy)
    for (auto& message : legacy_.take())
      if (message.line != 0) messages_.add(std::move(message));
  if (isakmp_sound_) check_isakmp_coverage(configuration_, positions_, messages_);
  if (messages_.errors() != 0) return;
  check_kernel_cost(configuration_, positions_, messages_);
  if (messages_.errors() != 0) return;
  warn_about_shadowed(configuration_, positions_, messages_);
  warn_about_overlaps(configuration_, positions_, messages_);
  warn_about_closed_nets(configuration_, positions_, messages_);
}

std::size_t ParsedConfiguration::errors() const {
  return static_cast<std::size_t>(std::count_if(
      messages.begin(), messages.end(), [](const auto& message) { return message.severity == Severity::error; }));
}

std::size_t ParsedConfiguration::warnings() const { return messages.size() - errors(); }

std::vector<std::string> ParsedConfiguration::lines() const {
  std::vector<std::string> all;
  all.reserve(messages.size());
  for (const auto& message : messages) all.push_back(message.to_string());
  return all;
}

ParsedConfiguration parse_configuration(std::string_view text, const std::string& file_name) {
  ConfigurationReader reader(file_name);
  ParsedConfiguration parsed;
  const DocumentEvents events{
      [&](std::string_view list, std::size_t index, const Node& item) {
        reader.item(list, index, item);
        if (list == "policies" && index < maximum_policies)
          parsed.spans.push_back({static_cast<std::uint32_t>(item.begin), static_cast<std::uint32_t>(item.end)});
      },
      [&](Position where, const std::string& pointer, const std::string& found, const std::string& why) {
        reader.syntax_error(where, pointer, found, why);
      }};
  const auto document = read_document(text, events);
  reader.finish(document.root, document.complete);
  const bool good = reader.messages().errors() == 0;
  parsed.messages = reader.messages().take();
  if (good) parsed.configuration = std::move(reader.configuration());
  return parsed;
}

ParsedConfiguration load_configuration(const std::filesystem::path& path) {
  auto text = read_file(path, maximum_configuration_bytes);
  ParsedConfiguration parsed;
  if (text) {
    parsed = parse_configuration(*text, path.string());
    if (parsed.valid()) parsed.text = std::move(*text);
    return parsed;
  }
  parsed.messages.push_back({Severity::error, path.string(), 0, 0, {}, {}, {}, escape_control(text.error().text)});
  return parsed;
}

}  // namespace ipsec9000
