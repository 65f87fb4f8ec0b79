// Vendor IDs that announce a feature (each is a fixed byte string; some carry a version behind a common beginning).
#pragma once
#include <array>
#include <string_view>

#include "base/bytes.hpp"

namespace ipsec9000::wire {

enum class Feature { dead_peer_detection, nat_traversal, fragmentation, xauth, extended_sequence };

struct VendorFeature {
  Feature feature;
  std::string_view name;
  std::string_view hex;                // the value, or its beginning
  std::string_view capabilities = "";  // what we say behind it, hexadecimal
};

// What a vendor ID announces; null when it says nothing to us.
const VendorFeature* find_vendor_feature(ByteView vendor_id);
Bytes vendor_id_of(Feature feature);
// Whether fragments of Main Mode are meant: capabilities may follow the value, 0x80000000 is this one.
bool announces_fragmentation(ByteView vendor_id);

}  // namespace ipsec9000::wire
