// What a reload changes, as an administrator sees it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/json_fwd.hpp"
#include "policy/keying.hpp"

namespace ipsec9000 {

struct FieldChange {
  std::string field;   // "filter.remote_port"; "place" when it has only moved among those that stay
  std::string before;  // as the file would say it; what an absent key means, where there is none
  std::string after;
};

struct PolicyChange {
  enum class Kind : char { added = '+', removed = '-', changed = '~' };
  // What happens to the SAs of the old policy. renegotiated: the next packet makes others, and the old ones are deleted
  // where no other policy shares them.
  enum class Sas : std::uint8_t { none, kept, renegotiated, deleted };
  std::string section;  // the member of the document: "policies", "isakmp_policies", "bypass", "default_policy", ...
  std::string name;     // the policy's name, the bypassed address; "" for a section that has no names
  Kind kind = Kind::changed;
  Sas sas = Sas::none;
  std::vector<FieldChange> fields = {};  // of a change
};

// By name. A policy that only stands elsewhere among those that stay is a change too. SAs are kept while their reqid
// is in use, because what protects them is then the same. ISAKMP SAs are never touched: the new policies are for the
// next negotiation.
std::vector<PolicyChange> changes_between(const Configuration& before, const Keying& old_keying,
                                          const Configuration& after, const Keying& new_keying);

// The same when it is known which policies differ: each of `after` is to stand in the place of the one in `before` with
// the same place and name. In the order of `after`.
std::vector<PolicyChange> changes_of(const Configuration& before, const Keying& keying,
                                     const std::vector<Policy>& after);

// The reqids whose SAs have lost their policy.
std::vector<std::uint32_t> vanished_reqids(const ReqidMap& before, const ReqidMap& after);

// {"section", "policy", "change": "+", "sas": "kept", "fields": [{"field", "before", "after"}]}
Json to_json(const PolicyChange& change);

}  // namespace ipsec9000
