#include "cli/common/configuration.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "model/entrust_settings.hpp"

namespace ipsec9000::cli {

std::string error_lines(const ParsedConfiguration& parsed) {
  std::vector<std::string> lines;
  for (const auto& message : parsed.messages)
    if (message.severity == Severity::error) lines.push_back(message.to_string());
  return join(lines, "\n");
}

Json check_document(const ParsedConfiguration& parsed) {
  Json messages = Json::array();
  for (const auto& message : parsed.messages)
    messages.push_back(Json{{"severity", message.severity == Severity::error ? "error" : "warning"},
                            {"file", escape_control(message.file)},
                            {"line", message.line},
                            {"column", message.column},
                            {"pointer", escape_control(message.pointer)},
                            {"found", escape_control(message.found)},
                            {"allowed", message.allowed},
                            {"text", escape_control(message.text)}});
  return Json{{"valid", parsed.errors() == 0},
              {"errors", parsed.errors()},
              {"warnings", parsed.warnings()},
              {"messages", std::move(messages)}};
}

void add_entrust_mistake(ParsedConfiguration& parsed, const std::filesystem::path& path) {
  const auto ini = entrust_ini(path);
  IniMistake mistake;
  const auto settings = read_entrust_ini(ini, &mistake);
  if (settings || settings.error().code == ErrorCode::not_found) return;
  ConfigurationMessage message;
  message.file = ini.string();
  message.line = mistake.line;
  message.column = mistake.line == 0 ? 0 : 1;
  message.pointer = mistake.key;
  message.text = escape_control(mistake.text);
  parsed.messages.push_back(std::move(message));
}

}  // namespace ipsec9000::cli
