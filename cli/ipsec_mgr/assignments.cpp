#include "cli/ipsec_mgr/assignments.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/common/arguments.hpp"
#include "policy/keys.hpp"

namespace ipsec9000::cli {

namespace {
Result<EditableField> find_field(const std::vector<EditableField>& fields, const std::string& typed) {
  std::vector<const EditableField*> fitting;
  for (const auto& field : fields) {
    if (field.path == typed) return field;
    if (field.path.ends_with("." + typed)) fitting.push_back(&field);
  }
  // "remote" is the filter's: a tunnel's ends are named in full.
  for (const auto* field : fitting)
    if (field->path == "filter." + typed) return *field;
  if (fitting.size() == 1) return *fitting.front();
  std::vector<std::string> names;
  names.reserve(2 * fields.size());
  for (const auto& field : fields) names.push_back(field.path);
  for (const auto& field : fields) names.push_back(field.path.substr(field.path.rfind('.') + 1));
  const auto near = nearest_word(typed, names);
  return wrong_usage("there is no field \"" + escape_control(typed.substr(0, 60)) + "\"" +
                     (near ? "; did you mean " + *near + "?" : ""));
}
}  // namespace

std::vector<EditableField> fields_of(std::string_view list) {
  const auto below = std::string(list) + (configuration_root().find(list)->type == KeyType::objects ? "[]." : ".");
  std::vector<EditableField> fields;
  for (const auto& row : configuration_key_rows())
    if (row.path.starts_with(below) && row.key->type != KeyType::object)
      fields.push_back({row.path.substr(below.size()), row.key});
  return fields;
}

Json value_of(const ConfigurationKey& key, const std::string& text) {
  if (text.empty()) return nullptr;
  if (key.type == KeyType::texts) {
    Json list = Json::array();
    for (const auto& item : split(text, ',')) list.push_back(std::string(trim(item)));
    return list;
  }
  if (key.type == KeyType::boolean && (text == "true" || text == "false")) return text == "true";
  if (key.type == KeyType::number || key.type == KeyType::number_or_text)
    if (const auto number = parse_number(text)) return *number;
  return text;
}

std::string text_of_value(const Json& value) {
  if (const auto* text = value.get_ptr<const std::string*>()) return *text;
  if (value.is_null()) return "";
  if (!value.is_array()) return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::vector<std::string> items;
  for (const auto& item : value) items.push_back(text_of_value(item));
  return join(items, ", ");
}

Result<Assignments> assignments_of(std::string_view list, std::span<const std::string> words) {
  const auto fields = fields_of(list);
  Assignments all;
  for (const auto& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      return wrong_usage("expected FIELD=VALUE, got \"" + escape_control(word.substr(0, 60)) + "\"");
    const auto field = find_field(fields, word.substr(0, equals));
    if (!field) return field.error();
    for (const auto& [path, value] : all)
      if (path == field->path) return wrong_usage(path + " is given twice");
    all.emplace_back(field->path, value_of(*field->key, word.substr(equals + 1)));
  }
  return all;
}

}  // namespace ipsec9000::cli
