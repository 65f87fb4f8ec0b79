// Edits as the tools send them to secpolicyd.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "policy/edit.hpp"

namespace ipsec9000 {

namespace {
template <class Enum>
struct Word {
  Enum value;
  std::string_view word;
};
constexpr std::array verbs{Word<Edit::Verb>{Edit::Verb::add, "add"}, Word<Edit::Verb>{Edit::Verb::set, "set"},
                           Word<Edit::Verb>{Edit::Verb::move, "move"}, Word<Edit::Verb>{Edit::Verb::remove, "remove"}};
constexpr std::array places{
    Word<Edit::Where>{Edit::Where::last, "last"}, Word<Edit::Where>{Edit::Where::first, "first"},
    Word<Edit::Where>{Edit::Where::before, "before"}, Word<Edit::Where>{Edit::Where::after, "after"}};

template <class Words>
std::string word_of(const Words& words, decltype(words[0].value) value) {
  const auto found = std::find_if(words.begin(), words.end(), [&](const auto& each) { return each.value == value; });
  return std::string(found->word);
}

Error odd(std::string_view name) {
  return Error{ErrorCode::invalid_input, "an edit's \"" + std::string(name) + "\" is missing or odd"};
}

Result<std::string> text(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) return std::string();
  const auto* value = found->get_ptr<const std::string*>();
  if (value == nullptr) return odd(name);
  return *value;
}

template <class Words, class Value>
Result<void> read_word(const Words& words, const Json& json, const char* name, Value& value) {
  const auto written = text(json, name);
  if (!written) return written.error();
  if (written->empty()) return {};
  const auto found = std::find_if(words.begin(), words.end(), [&](const auto& each) { return each.word == *written; });
  if (found == words.end()) return odd(name);
  value = found->value;
  return {};
}
}  // namespace

Json to_json(const Edit& edit) {
  Json values = Json::object();
  for (const auto& [path, value] : edit.values) values[path] = value;
  return {{"verb", word_of(verbs, edit.verb)},
          {"section", edit.section},
          {"name", edit.name},
          {"values", std::move(values)},
          {"where", word_of(places, edit.where)},
          {"anchor", edit.anchor}};
}

Result<Edit> edit_from_json(const Json& json) {
  if (!json.is_object()) return Error{ErrorCode::invalid_input, "an edit must be an object"};
  Edit edit;
  if (!json.contains("verb")) return odd("verb");
  if (auto read = read_word(verbs, json, "verb", edit.verb); !read) return read.error();
  if (auto read = read_word(places, json, "where", edit.where); !read) return read.error();
  for (const auto& [name, member] :
       {std::pair{"section", &edit.section}, std::pair{"name", &edit.name}, std::pair{"anchor", &edit.anchor}}) {
    auto value = text(json, name);
    if (!value) return value.error();
    *member = std::move(*value);
  }
  const auto values = json.find("values");
  if (values == json.end()) return edit;
  if (!values->is_object()) return odd("values");
  for (const auto& [path, value] : values->items()) edit.values.emplace_back(path, value);
  return edit;
}

}  // namespace ipsec9000
