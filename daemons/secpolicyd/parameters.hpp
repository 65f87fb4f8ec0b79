// Reading the parameters of a call.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/json_fwd.hpp"
#include "base/result.hpp"

namespace ipsec9000 {

// A whole number from 0 on; nothing for anything else.
inline std::optional<std::uint64_t> natural_number(const Json& json) {
  if (json.is_number_unsigned()) return json.get<std::uint64_t>();
  if (json.is_number_integer() && json.get<std::int64_t>() >= 0) return json.get<std::uint64_t>();
  return std::nullopt;
}

// "" when the member is not there.
inline Result<std::string> optional_text(const Json& params, const char* name) {
  if (!params.is_object()) return std::string();
  const auto found = params.find(name);
  if (found == params.end()) return std::string();
  const auto* text = found->get_ptr<const std::string*>();
  if (text == nullptr) return Error{ErrorCode::invalid_input, "\"" + std::string(name) + "\" must be text"};
  return *text;
}

}  // namespace ipsec9000
