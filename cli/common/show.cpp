#include "cli/common/show.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace ipsec9000::cli {

std::string safe(std::string_view text) {
  auto parts = split(text, '\\');
  for (auto& part : parts) part = escape_control(part);
  return join(parts, "\\");
}

const Json* member(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_of(const Json& object, std::string_view name) {
  const auto* value = member(object, name);
  if (value == nullptr) return "";
  if (const auto* text = value->get_ptr<const std::string*>()) return safe(*text);
  return value->is_number() ? value->dump() : "";
}

std::uint64_t number_of(const Json& object, std::string_view name) {
  const auto* value = member(object, name);
  return value != nullptr && value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
}

bool flag_of(const Json& object, std::string_view name) {
  const auto* value = member(object, name);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

std::vector<std::string> texts_of(const Json& object, std::string_view name) {
  std::vector<std::string> texts;
  const auto* value = member(object, name);
  if (value == nullptr || !value->is_array()) return texts;
  for (const auto& item : *value)
    if (const auto* text = item.get_ptr<const std::string*>()) texts.push_back(safe(*text));
  return texts;
}

std::string upper(std::string text) {
  for (auto& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

std::string capital(const std::string& text) { return text.empty() ? text : upper(text.substr(0, 1)) + text.substr(1); }

std::string yes_no(bool value) { return value ? "Yes" : "No"; }

std::string direction_shown(std::string_view direction) {
  return direction == "in" ? "inbound" : direction == "out" ? "outbound" : safe(direction);
}

std::string spi_shown(std::string_view hex) {
  const auto first = hex.find_first_not_of('0');
  return first == std::string_view::npos ? "0" : upper(std::string(hex.substr(first)));
}

}  // namespace ipsec9000::cli
