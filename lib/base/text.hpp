// Small helpers for text that people read.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ipsec9000 {

// Makes text from outside safe to show: control characters, bytes that are not valid UTF-8 and backslashes become
// \xNN. A peer cannot forge a line of a log or steer a terminal with it.
std::string escape_control(std::string_view text);

// The candidate that differs from `word` least (case does not count), or nothing when none is near.
std::optional<std::string> nearest_word(std::string_view word, const std::vector<std::string>& candidates);

std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
// Decimal, the whole of `text`, at most `maximum`; no sign, no blanks.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t maximum = UINT64_MAX);
std::string hex8(std::uint32_t value);  // eight lower-case digits, as an SPI is shown in JSON
std::string hex16(std::uint64_t value);

}  // namespace ipsec9000
