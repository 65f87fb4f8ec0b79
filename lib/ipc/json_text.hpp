// JSON from outside, with its cost bounded before it is parsed.
#pragma once
#include <string>
#include <string_view>

#include "base/json_fwd.hpp"
#include "base/result.hpp"

namespace ipsec9000::ipc {

struct JsonLimits {
  unsigned depth = 32;      // of nested arrays and objects
  unsigned members = 1024;  // of one object: looking up and adding members takes time in proportion to their number
};

// One JSON value and nothing behind it; UTF-8. invalid_input otherwise, or when a limit is exceeded.
Result<Json> parse_json(std::string_view text, JsonLimits limits = {});

// One line without a newline in it. Never fails: bytes that are not UTF-8 become U+FFFD.
std::string json_line(const Json& json);

}  // namespace ipsec9000::ipc
