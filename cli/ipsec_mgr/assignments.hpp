// "filter.remote_port=23" as a member of an item in ipsec.json, by the declared keys.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_fwd.hpp"
#include "base/result.hpp"
#include "policy/keys.hpp"

namespace ipsec9000::cli {

using Assignments = std::vector<std::pair<std::string, Json>>;

// A field that can be given a value: of an item of the list "policies", say, or of the object "startup".
struct EditableField {
  std::string path;  // "filter.remote_port"
  const ConfigurationKey* key = nullptr;
};
std::vector<EditableField> fields_of(std::string_view list);

// What the text of a field means in the file: by the key's type, null for nothing, text where it does not fit. And the
// text for what stands in the file ("" for null).
Json value_of(const ConfigurationKey& key, const std::string& text);
std::string text_of_value(const Json& value);

// `list`: the member of the document, such as "policies". A path may be cut to its last part where that is clear. The
// value becomes what the key's type wants (items of a list are separated by commas), else text, which the check of the
// configuration then refuses in its own words; an empty value is null: the member is to go. invalid_input names the
// nearest field.
Result<Assignments> assignments_of(std::string_view list, std::span<const std::string> words);

}  // namespace ipsec9000::cli
