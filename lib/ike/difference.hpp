// In what an offer differs from what we want: one value for the audit, the failure record and the notification.
#pragma once
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "model/reports.hpp"

namespace ipsec9000::ike {

inline constexpr std::array<std::string_view, 15> attribute_names{
    "encryption", "key length", "hash",     "group",          "authentication", "mode",     "encapsulation",
    "pfs",        "protocol",   "identity", "pre-shared key", "certificate",    "selector", "sequence numbers",
    "exchange"};

constexpr bool is_attribute_name(std::string_view text) {
  return std::find(attribute_names.begin(), attribute_names.end(), text) != attribute_names.end();
}

struct Difference {
  std::string attribute;  // one of attribute_names; "": not a single one
  std::string offered;    // by the initiator
  std::string wanted;     // by the responder
  bool operator==(const Difference&) const = default;
  // "group differs: MODP2048 offered, MODP3072 wanted"; "" where there is no single attribute.
  std::string to_string() const;
};

void note_difference(FailureRecord& failure, const Difference& difference);

// The data of a notification that says why, between two of ours; others pass over it. Lines: the attribute and, if
// there is room in `limit` bytes, the two values. Empty where there is no single attribute.
inline constexpr std::size_t notification_data_room = 512;  // in private, where size does not matter
Bytes notification_data(const Difference& difference, std::size_t limit);
// What such data says. Whoever wrote it may mean harm: known attributes only, and values of printable characters only.
// Anything else gives an empty one.
Difference difference_from(ByteView data);

}  // namespace ipsec9000::ike
