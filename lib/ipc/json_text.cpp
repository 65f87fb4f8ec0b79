#include "ipc/json_text.hpp"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.hpp"

namespace ipsec9000::ipc {

namespace {

// Walks the text once, with no more than `limits.depth` counters. Brackets that do not match are the parser's to find.
Result<void> check_limits(std::string_view text, JsonLimits limits) {
  std::vector<unsigned> members;  // of each open object or array; arrays may have any number
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (members.size() == limits.depth)
        return Error{ErrorCode::invalid_input, "JSON nested more than " + std::to_string(limits.depth) + " deep"};
      members.push_back(0);
    } else if ((c == '}' || c == ']') && !members.empty()) {
      members.pop_back();
    } else if (c == ':' && !members.empty() && ++members.back() > limits.members) {
      return Error{ErrorCode::invalid_input,
                   "a JSON object of more than " + std::to_string(limits.members) + " members"};
    }
  }
  return {};
}

}  // namespace

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
  if (auto checked = check_limits(text, limits); !checked) return checked.error();
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::exception& failure) {
    // The library quotes what it read: escaped and cut before anybody sees it.
    return Error{ErrorCode::invalid_input,
                 "not JSON: " + escape_control(std::string_view(failure.what()).substr(0, 200))};
  }
}

std::string json_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace ipsec9000::ipc
