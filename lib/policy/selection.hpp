// The rule by which one policy beats another (DESIGN, section 4, "Selection"). Matcher, compiler and explanations all
// go by the order that selection_order() gives.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "policy/configuration.hpp"

namespace ipsec9000 {

// How a policy was found. `system` and `bypass` stand above all policies: neighbour discovery, which never gets
// caught, and the addresses of the bypass list.
enum class PolicyKind : std::uint8_t { hashed, ordered, fallback, bypass, system };
std::string to_string(PolicyKind kind);  // "hashed", "ordered", "default", "bypass", "system"

// The number of fields with exactly one value: one address, one protocol, one port (ICMP: one type, one code).
unsigned exact_fields(const Filter& filter);
// Hashed: no partial field (prefix, range) and at least one exact one.
PolicyKind kind_of(const Filter& filter);
// Whether place in the file alone decides between the two: both ordered, or both hashed with as many exact fields.
bool same_class(const Filter& one, const Filter& other);

// Indices into configuration.policies, the winning end first: hashed policies by the number of exact fields, then by
// place in the file; behind them the ordered ones by place. Of all policies that match a packet, the first in this
// order is the one chosen.
std::vector<std::uint32_t> selection_order(const Configuration& configuration);

}  // namespace ipsec9000
