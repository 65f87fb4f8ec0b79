#include "policy/selection.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace ipsec9000 {

namespace {
enum class Precision { any, partial, exact };

Precision precision(const std::optional<Prefix>& prefix) {
  if (!prefix || prefix->is_any()) return Precision::any;
  return prefix->is_host() ? Precision::exact : Precision::partial;
}
Precision precision(const PortRange& ports) {
  if (ports.is_any()) return Precision::any;
  return ports.is_one() ? Precision::exact : Precision::partial;
}
Precision precision(IpProtocol protocol) { return protocol == IpProtocol::any ? Precision::any : Precision::exact; }

unsigned count(const Filter& filter, Precision wanted) {
  unsigned found = 0;
  for (const auto field : {precision(filter.local), precision(filter.remote), precision(filter.protocol),
                           precision(filter.local_port), precision(filter.remote_port)})
    if (field == wanted) ++found;
  return found;
}
}  // namespace

std::string to_string(PolicyKind kind) {
  switch (kind) {
    case PolicyKind::hashed:
      return "hashed";
    case PolicyKind::ordered:
      return "ordered";
    case PolicyKind::fallback:
      return "default";
    case PolicyKind::bypass:
      return "bypass";
    case PolicyKind::system:
      return "system";
  }
  return "default";
}

unsigned exact_fields(const Filter& filter) { return count(filter, Precision::exact); }

PolicyKind kind_of(const Filter& filter) {
  const bool hashable = count(filter, Precision::partial) == 0 && exact_fields(filter) != 0;
  return hashable ? PolicyKind::hashed : PolicyKind::ordered;
}

bool same_class(const Filter& one, const Filter& other) {
  return kind_of(one) == kind_of(other) &&
         (kind_of(one) == PolicyKind::ordered || exact_fields(one) == exact_fields(other));
}

std::vector<std::uint32_t> selection_order(const Configuration& configuration) {
  struct Key {
    unsigned any_or_partial;  // hashed: fields that are not exact, so that fewer comes first; ordered: more than any
    std::uint32_t index;
    auto operator<=>(const Key&) const = default;
  };
  std::vector<Key> keys;
  keys.reserve(configuration.policies.size());
  for (std::uint32_t index = 0; index < configuration.policies.size(); ++index) {
    const auto& filter = configuration.policies[index].filter;
    keys.push_back({kind_of(filter) == PolicyKind::hashed ? 5 - exact_fields(filter) : 6, index});
  }
  std::sort(keys.begin(), keys.end());
  std::vector<std::uint32_t> order;
  order.reserve(keys.size());
  for (const auto& key : keys) order.push_back(key.index);
  return order;
}

}  // namespace ipsec9000
