// In what an offer differs from what we want: one value for the audit, the failure record and the notification.
#pragma once
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace ipsec9000::ike {

inline constexpr std::array<std::string_view, 12> attribute_names{
    "encryption", "key length", "hash",     "group",          "authentication", "mode",
    "pfs",        "protocol",   "identity", "pre-shared key", "certificate",    "selector"};

constexpr bool is_attribute_name(std::string_view text) {
  return std::find(attribute_names.begin(), attribute_names.end(), text) != attribute_names.end();
}

struct Difference {
  std::string attribute;  // one of attribute_names
  std::string offered;
  std::string wanted;
};

}  // namespace ipsec9000::ike
