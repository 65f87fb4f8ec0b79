// Values from a daemon's answer, as text that is safe to show. Daemons are trusted, but they pass on what peers said,
// and may be of another version: a missing or odd member is shown as nothing, never a reason to stop.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.hpp"

namespace ipsec9000::cli {

// escape_control for text that may already have been escaped: backslashes stay.
std::string safe(std::string_view text);

const Json* member(const Json& object, std::string_view name);       // null: not there, or null
std::string text_of(const Json& object, std::string_view name);      // strings and numbers, made safe; "" otherwise
std::uint64_t number_of(const Json& object, std::string_view name);  // 0 when it is none
bool flag_of(const Json& object, std::string_view name);
std::vector<std::string> texts_of(const Json& object, std::string_view name);  // an array's strings, made safe

std::string upper(std::string text);           // ASCII
std::string capital(const std::string& text);  // its first letter
std::string yes_no(bool value);
std::string direction_shown(std::string_view direction);  // "out" -> "outbound"; what it does not know is made safe
std::string spi_shown(std::string_view hex);              // "001fe472" -> "1FE472", as HP-UX printed it

}  // namespace ipsec9000::cli
