// What a reload changes, as an administrator sees it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/json_fwd.hpp"
#include "policy/keying.hpp"

namespace ipsec9000 {

struct PolicyChange {
  enum class Kind : char { added = '+', removed = '-', changed = '~' };
  enum class Sas : std::uint8_t { none, kept, deleted };  // what happens to the SAs of the old policy
  std::string policy;                                     // its name; "default" for the default policy
  Kind kind = Kind::changed;
  Sas sas = Sas::none;
};

// By name. A policy that only stands elsewhere among those that stay is a change too. SAs are kept while their reqid
// is in use, because what protects them is then the same.
std::vector<PolicyChange> changes_between(const Configuration& before, const Keying& old_keying,
                                          const Configuration& after, const Keying& new_keying);

// The reqids whose SAs have lost their policy.
std::vector<std::uint32_t> vanished_reqids(const ReqidMap& before, const ReqidMap& after);

Json to_json(const PolicyChange& change);  // {"policy", "change": "+", "sas": "kept"}

}  // namespace ipsec9000
