// Vendor IDs that announce a feature (each is a fixed byte string; some carry a version behind a common beginning).
#pragma once
#include <array>
#include <string_view>

#include "base/bytes.hpp"

namespace ipsec9000::wire {

enum class Feature { dead_peer_detection, nat_traversal, fragmentation, xauth };

struct VendorFeature {
  Feature feature;
  std::string_view name;
  std::string_view hex;  // the value, or its beginning
};

// What a vendor ID announces; null when it says nothing to us.
const VendorFeature* find_vendor_feature(ByteView vendor_id);
Bytes vendor_id_of(Feature feature);

}  // namespace ipsec9000::wire
