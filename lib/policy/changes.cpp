#include "policy/changes.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

namespace ipsec9000 {

namespace {
std::unordered_set<std::uint32_t> in_use(const ReqidMap& map) {
  std::unordered_set<std::uint32_t> reqids;
  for (const auto& [text, reqid] : map) reqids.insert(reqid);
  return reqids;
}

std::unordered_map<std::string_view, const Policy*> by_name(const Configuration& configuration) {
  std::unordered_map<std::string_view, const Policy*> all;
  for (const auto& policy : configuration.policies) all.emplace(policy.name, &policy);
  return all;
}

// The place of each policy among those that both have.
std::unordered_map<std::string_view, std::size_t> common_places(
    const Configuration& configuration, const std::unordered_map<std::string_view, const Policy*>& other) {
  std::unordered_map<std::string_view, std::size_t> places;
  for (const auto& policy : configuration.policies)
    if (other.contains(policy.name)) places.emplace(policy.name, places.size());
  return places;
}

bool same_but_place(Policy one, const Policy& other) {
  one.place = other.place;
  return one == other;
}
}  // namespace

std::vector<PolicyChange> changes_between(const Configuration& before, const Keying& old_keying,
                                          const Configuration& after, const Keying& new_keying) {
  const auto old_policies = by_name(before);
  const auto new_policies = by_name(after);
  const auto old_places = common_places(before, new_policies);
  const auto new_places = common_places(after, old_policies);
  const auto reqids = in_use(new_keying.reqid_map());
  const auto fate = [&](const Policy& policy) {
    const auto reqid = old_keying.reqid_of(policy.place - 1);
    if (reqid == 0) return PolicyChange::Sas::none;
    return reqids.contains(reqid) ? PolicyChange::Sas::kept : PolicyChange::Sas::deleted;
  };
  std::vector<PolicyChange> changes;
  for (const auto& policy : before.policies)
    if (!new_policies.contains(policy.name))
      changes.push_back({policy.name, PolicyChange::Kind::removed, fate(policy)});
  for (const auto& policy : after.policies) {
    const auto old = old_policies.find(policy.name);
    if (old == old_policies.end())
      changes.push_back({policy.name, PolicyChange::Kind::added, PolicyChange::Sas::none});
    else if (!same_but_place(policy, *old->second) || old_places.at(policy.name) != new_places.at(policy.name))
      changes.push_back({policy.name, PolicyChange::Kind::changed, fate(*old->second)});
  }
  if (before.default_action != after.default_action)
    changes.push_back({"default", PolicyChange::Kind::changed, PolicyChange::Sas::none});
  return changes;
}

std::vector<std::uint32_t> vanished_reqids(const ReqidMap& before, const ReqidMap& after) {
  const auto used = in_use(after);
  std::vector<std::uint32_t> gone;
  for (const auto reqid : in_use(before))
    if (!used.contains(reqid)) gone.push_back(reqid);
  std::sort(gone.begin(), gone.end());
  return gone;
}

Json to_json(const PolicyChange& change) {
  const char* sas = change.sas == PolicyChange::Sas::kept      ? "kept"
                    : change.sas == PolicyChange::Sas::deleted ? "deleted"
                                                               : "none";
  return {{"policy", change.policy}, {"change", std::string(1, static_cast<char>(change.kind))}, {"sas", sas}};
}

}  // namespace ipsec9000
