#include "base/text.hpp"
#include "policy/reader.hpp"

namespace ipsec9000 {

namespace {
bool has_type(const Node& node, KeyType type) {
  switch (type) {
    case KeyType::object:
      return node.type == Node::Type::object;
    case KeyType::objects:
    case KeyType::texts:
      return node.type == Node::Type::array;
    case KeyType::text:
      return node.type == Node::Type::text;
    case KeyType::number:
      return node.type == Node::Type::number;
    case KeyType::boolean:
      return node.type == Node::Type::boolean;
    case KeyType::number_or_text:
      return node.type == Node::Type::number || node.type == Node::Type::text;
  }
  return false;
}

bool check_members(const Node& node, const ConfigurationKey& key, const std::string& pointer, MessageList& messages) {
  std::vector<std::string> names;
  for (const auto& member : key.keys()) names.emplace_back(member.name);
  bool good = true;
  for (const auto& child : node.children) {
    if (const auto* member = key.find(child.key)) {
      good &= check_shape(child, *member, pointer_to(pointer, child.key), messages);
      continue;
    }
    messages.error(child.key_where, pointer_to(pointer, child.key),
                   "the key \"" + escape_control(child.key.substr(0, 80)) + "\"", join(names, ", "),
                   did_you_mean(child.key, names));
    good = false;
  }
  for (const auto& member : key.keys())
    if (member.required && node.find(member.name) == nullptr) {
      messages.error(node.where, pointer, "", "",
                     "\"" + std::string(member.name) + "\" is missing: allowed: " + std::string(member.allowed));
      good = false;
    }
  return good;
}

bool check_items(const Node& node, const ConfigurationKey& key, const std::string& pointer, MessageList& messages) {
  bool good = true;
  for (std::size_t index = 0; index < node.children.size(); ++index) {
    if (node.children[index].type == Node::Type::text) continue;
    refuse(node.children[index], key, pointer_to(pointer, index), messages);
    good = false;
  }
  return good;
}

bool is_one_of(const Node& node, const ConfigurationKey& key) {
  for (const auto word : key.words())
    if (node.text == word) return true;
  return false;
}
}  // namespace

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
  const auto near = nearest_word(word, candidates);
  return near ? "did you mean \"" + *near + "\"?" : "";
}

ConfigurationKey item_key(const ConfigurationKey& list) {
  ConfigurationKey key = list;
  key.type = KeyType::object;
  key.allowed = "an object";
  return key;
}

void refuse(const Node& node, const ConfigurationKey& key, const std::string& pointer, MessageList& messages,
            std::string text) {
  node.refused = true;
  messages.error(node.where, pointer, node.shown(), std::string(key.allowed), std::move(text));
}

bool check_shape(const Node& node, const ConfigurationKey& key, const std::string& pointer, MessageList& messages) {
  if (!has_type(node, key.type)) {
    refuse(node, key, pointer, messages);
    return false;
  }
  if (node.type == Node::Type::object) return check_members(node, key, pointer, messages);
  if (node.type == Node::Type::array) return check_items(node, key, pointer, messages);
  if (node.type == Node::Type::number && (node.number < key.minimum || node.number > key.maximum)) {
    refuse(node, key, pointer, messages);
    return false;
  }
  if (node.type == Node::Type::text && key.choice_count != 0 && !is_one_of(node, key)) {
    refuse(node, key, pointer, messages, did_you_mean(node.text, {key.words().begin(), key.words().end()}));
    return false;
  }
  return true;
}

}  // namespace ipsec9000
