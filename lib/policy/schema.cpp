#include "policy/schema.hpp"

#include <nlohmann/json.hpp>

#include "base/json_fwd.hpp"
#include "policy/keys.hpp"

namespace ipsec9000 {

namespace {
Json object_schema(const ConfigurationKey& key);

Json text_schema(const ConfigurationKey& key) {
  Json schema{{"type", "string"}};
  if (key.choice_count != 0) {
    schema["enum"] = Json::array();
    for (const auto word : key.words()) schema["enum"].push_back(word);
  }
  if (!key.pattern.empty()) schema["pattern"] = key.pattern;
  return schema;
}

Json number_schema(const ConfigurationKey& key) {
  return {{"type", "integer"}, {"minimum", key.minimum}, {"maximum", key.maximum}};
}

Json type_schema(const ConfigurationKey& key) {
  switch (key.type) {
    case KeyType::object:
      return object_schema(key);
    case KeyType::objects:
      return {{"type", "array"}, {"items", object_schema(key)}};
    case KeyType::texts:
      return {{"type", "array"}, {"items", {{"type", "string"}}}};
    case KeyType::text:
      return text_schema(key);
    case KeyType::number:
      return number_schema(key);
    case KeyType::boolean:
      return {{"type", "boolean"}};
    case KeyType::number_or_text:
      return {{"anyOf", Json::array({number_schema(key), text_schema(key)})}};
  }
  return Json::object();
}

Json object_schema(const ConfigurationKey& key) {
  Json schema{{"type", "object"}, {"additionalProperties", false}};
  auto& properties = schema["properties"] = Json::object();
  Json required = Json::array();
  for (const auto& member : key.keys()) {
    Json described{{"description", std::string(member.description) + ". Allowed: " + std::string(member.allowed) +
                                       (member.fallback.empty() ? "" : ". Default: " + std::string(member.fallback))}};
    described.update(type_schema(member));
    properties[std::string(member.name)] = std::move(described);
    if (member.required) required.push_back(member.name);
  }
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}
}  // namespace

std::string configuration_schema() {
  const auto& root = configuration_root();
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", "ipsec.json"},
              {"description", root.description}};
  schema.update(object_schema(root));
  return schema.dump(2) + "\n";
}

}  // namespace ipsec9000
