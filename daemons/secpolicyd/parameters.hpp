// Reading the parameters of a call.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json_fwd.hpp"

namespace ipsec9000 {

// A whole number from 0 on; nothing for anything else.
inline std::optional<std::uint64_t> natural_number(const Json& json) {
  if (json.is_number_unsigned()) return json.get<std::uint64_t>();
  if (json.is_number_integer() && json.get<std::int64_t>() >= 0) return json.get<std::uint64_t>();
  return std::nullopt;
}

}  // namespace ipsec9000
