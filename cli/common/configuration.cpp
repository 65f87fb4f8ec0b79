#include "cli/common/configuration.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"

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
  return Json{{"valid", parsed.valid()},
              {"errors", parsed.errors()},
              {"warnings", parsed.warnings()},
              {"messages", std::move(messages)}};
}

}  // namespace ipsec9000::cli
