#include <algorithm>

#include "base/text.hpp"
#include "policy/reader.hpp"

namespace ipsec9000 {

namespace {
// What a prefix with host bits was meant to be, or "".
std::string meant_network(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return {};
  const auto length = parse_number(text.substr(slash + 1), address->bits());
  if (!length) return "the length of a prefix is a number from 0 to " + std::to_string(address->bits());
  const auto network = Prefix::make(*address, static_cast<unsigned>(*length));
  return "bits are set behind the prefix; the network is " + network->address().to_string() + "/" +
         std::to_string(*length) + ", the single address " + address->to_string();
}

bool is_name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}
}  // namespace

bool read_prefix(const Node& node, const ConfigurationKey& key, const std::string& pointer, MessageList& messages,
                 std::optional<Prefix>& prefix) {
  prefix.reset();
  if (node.text == "any") return true;
  auto parsed = Prefix::parse(node.text);
  if (!parsed) {
    auto hint = meant_network(node.text);
    if (hint.empty()) hint = did_you_mean(node.text, {"any"});
    refuse(node, key, pointer, messages, hint);
    return false;
  }
  prefix = *parsed;
  return true;
}

bool read_address(const Node& node, const ConfigurationKey& key, const std::string& pointer, MessageList& messages,
                  IpAddress& address) {
  auto parsed = IpAddress::parse(node.text);
  if (!parsed) {
    refuse(node, key, pointer, messages);
    return false;
  }
  if (parsed->is_any() || parsed->is_multicast()) {
    refuse(node, key, pointer, messages, "this is no address of a single host");
    return false;
  }
  address = *parsed;
  return true;
}

bool read_name(const Node& item, const ConfigurationKey& keys, const std::string& pointer, MessageList& messages,
               std::string& name) {
  const auto* node = item.usable("name");
  if (node == nullptr) return false;
  const bool valid = !node->text.empty() && node->text.size() <= 63 &&
                     std::all_of(node->text.begin(), node->text.end(), is_name_character);
  if (!valid) {
    refuse(*node, *keys.find("name"), pointer_to(pointer, "name"), messages);
    return false;
  }
  name = node->text;
  return true;
}

std::optional<Service> ServiceNames::find(const std::string& name) {
  constexpr std::size_t remembered = 1000;
  if (const auto at = known_.find(name); at != known_.end()) return at->second;
  const auto service = find_service(name);
  if (known_.size() < remembered) known_.emplace(name, service);
  return service;
}

}  // namespace ipsec9000
