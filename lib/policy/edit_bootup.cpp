#include "policy/boot.hpp"
#include "policy/document.hpp"

namespace ipsec9000 {

namespace {
// Where a position is in the text; npos when it is not in it.
std::size_t offset_of(std::string_view text, Position position) {
  std::size_t at = 0;
  for (std::uint32_t line = 1; line < position.line; ++line) {
    at = text.find('\n', at);
    if (at == std::string_view::npos) return at;
    ++at;
  }
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; };
  for (std::uint32_t column = 1; column < position.column && at < text.size(); ++column) do
      ++at;
    while (at < text.size() && continues(text[at]));
  return at < text.size() ? at : std::string_view::npos;
}

// As the first member of an object.
std::string insertion(const Node& object, std::string_view blank, const std::string& member) {
  return std::string(blank) + member + (object.children.empty() ? " " : ",");
}
}  // namespace

Result<std::string> set_bootup(std::string_view text, bool on) {
  bool sound = true;
  const auto document = read_document(
      text, {[](std::string_view, std::size_t, const Node&) {},
             [&](Position, const std::string&, const std::string&, const std::string&) { sound = false; }});
  if (!sound || !document.complete || document.root.type != Node::Type::object)
    return Error{ErrorCode::invalid_input, "the configuration is no sound JSON"};
  const auto* startup = document.root.find("startup");
  const auto* bootup = startup == nullptr ? nullptr : startup->find("bootup");
  const auto& place = bootup != nullptr ? *bootup : startup != nullptr ? *startup : document.root;
  const auto at = offset_of(text, place.where);
  std::string out(text);
  const std::string value = on ? "true" : "false";
  if (bootup != nullptr) {
    const std::string_view old = bootup->truth ? "true" : "false";
    if (at == std::string_view::npos || bootup->type != Node::Type::boolean || text.substr(at, old.size()) != old)
      return Error{ErrorCode::invalid_input, "\"bootup\" is neither true nor false"};
    return out.replace(at, old.size(), value);
  }
  if (at == std::string_view::npos || place.type != Node::Type::object || text[at] != '{')
    return Error{ErrorCode::invalid_input, "\"startup\" is no object"};
  const auto member = "\"bootup\": " + value;
  return out.insert(at + 1, startup != nullptr ? insertion(place, " ", member)
                                               : insertion(place, "\n  ", "\"startup\": { " + member + " }"));
}

}  // namespace ipsec9000
