// The configuration file: text in, a configuration or every mistake in it out.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/configuration.hpp"
#include "policy/messages.hpp"

namespace ipsec9000 {

inline constexpr std::size_t maximum_configuration_bytes = 512u << 20;
// Twice what has been measured. Taking over a million at once held a running secpolicyd up for longer than a supervisor
// waits (30 s), which ended it by force, again after each start.
inline constexpr std::size_t maximum_policies = 200'000;

// Where one policy stands in the text, in bytes.
struct TextSpan {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  auto operator<=>(const TextSpan&) const = default;
};
static_assert(maximum_configuration_bytes <= UINT32_MAX);

struct ParsedConfiguration {
  std::optional<Configuration> configuration;  // absent when there is an error
  std::vector<TextSpan> spans;                 // one for each policy
  std::string text;                            // of load_configuration(), where it is valid
  std::vector<ConfigurationMessage> messages;  // errors and warnings in the order of the file

  bool valid() const { return configuration.has_value(); }
  std::size_t errors() const;
  std::size_t warnings() const;
  // The printed messages, errors and warnings.
  std::vector<std::string> lines() const;
};

// Checks all of the text in one pass. `file_name` is only for the messages. Takes time in proportion to the text, and
// memory in proportion to the policies in it.
ParsedConfiguration parse_configuration(std::string_view text, const std::string& file_name);

// Reads and checks a file; one that cannot be read is one message.
ParsedConfiguration load_configuration(const std::filesystem::path& path);

}  // namespace ipsec9000
