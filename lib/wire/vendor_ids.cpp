#include "wire/vendor_ids.hpp"

#include <algorithm>

namespace ipsec9000::wire {

namespace {
constexpr std::array features{
    VendorFeature{Feature::dead_peer_detection, "RFC 3706 dead peer detection", "afcad71368a1f1c96b8696fc77570100"},
    VendorFeature{Feature::nat_traversal, "RFC 3947 NAT traversal", "4a131c81070358455c5728f20e95452f"},
    VendorFeature{Feature::fragmentation, "IKE fragmentation", "4048b7d56ebce88525e7de7f00d6c2d3", "80000000"},
    // Ours: SHA-256 of "IPSec/9000 for Linux", the first half. Others ignore the attribute that it announces.
    VendorFeature{Feature::extended_sequence, "IPSec/9000 64-bit sequence numbers", "0609dea24780e9185b47e4cca53bbb17"},
    VendorFeature{Feature::xauth, "extended authentication", "09002689dfd6b712"},
};
}  // namespace

const VendorFeature* find_vendor_feature(ByteView vendor_id) {
  for (const auto& known : features) {
    const auto value = from_hex(known.hex).value_or({});
    if (vendor_id.size() >= value.size() && std::equal(value.begin(), value.end(), vendor_id.begin())) return &known;
  }
  return nullptr;
}

Bytes vendor_id_of(Feature feature) {
  for (const auto& known : features)
    if (known.feature == feature)
      return from_hex(std::string(known.hex) + std::string(known.capabilities)).value_or({});
  return {};
}

bool announces_fragmentation(ByteView vendor_id) {
  constexpr std::size_t value_size = 16;
  const auto* known = find_vendor_feature(vendor_id);
  if (known == nullptr || known->feature != Feature::fragmentation) return false;
  return vendor_id.size() == value_size || (vendor_id[value_size] & 0x80) != 0;
}

}  // namespace ipsec9000::wire
