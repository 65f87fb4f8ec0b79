// Every key of the configuration file, declared once: the checker, the JSON Schema and the table of the man page walk
// this list.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ipsec9000 {

enum class KeyType : std::uint8_t { object, objects, text, texts, number, boolean, number_or_text };

struct ConfigurationKey {
  std::string_view name;
  KeyType type = KeyType::text;
  bool required = false;
  std::string_view allowed;      // in words, as a message and the man page print it
  std::string_view fallback;     // what an absent key means; "" for a required one
  std::string_view description;  // one line
  std::uint64_t minimum = 0;     // of a number
  std::uint64_t maximum = 0;
  const std::string_view* choices = nullptr;  // of a text that is one of a few words
  std::size_t choice_count = 0;
  std::string_view pattern = "";              // of a text, for the schema: an ECMA-262 expression
  const ConfigurationKey* members = nullptr;  // of an object, or of each object of a list
  std::size_t member_count = 0;

  std::span<const std::string_view> words() const { return {choices, choice_count}; }
  std::span<const ConfigurationKey> keys() const { return {members, member_count}; }
  const ConfigurationKey* find(std::string_view key) const;  // null when there is no such member
};

// The document itself, an object.
const ConfigurationKey& configuration_root();

// One row of the man page's table.
struct KeyRow {
  std::string path;  // "policies[].filter.local"
  const ConfigurationKey* key = nullptr;
};
std::vector<KeyRow> configuration_key_rows();

}  // namespace ipsec9000
