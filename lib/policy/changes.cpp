#include "policy/changes.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "policy/keys.hpp"
#include "policy/to_document.hpp"

namespace ipsec9000 {

namespace {
using Kind = PolicyChange::Kind;
using Sas = PolicyChange::Sas;

std::unordered_set<std::uint32_t> in_use(const ReqidMap& map) {
  std::unordered_set<std::uint32_t> reqids;
  for (const auto& [text, reqid] : map) reqids.insert(reqid);
  return reqids;
}

std::string shown(const Json& value) {
  if (const auto* text = value.get_ptr<const std::string*>()) return *text;
  if (!value.is_array()) return value.dump();
  std::string list;
  for (const auto& each : value) list += (list.empty() ? "" : ", ") + shown(each);
  return list;
}

// The values of a document by their path; what is absent but has a meaning is there with that.
void collect(const Json& document, const ConfigurationKey& keys, const std::string& path,
             std::map<std::string, std::string>& values) {
  for (const auto& key : keys.keys()) {
    const auto here = path + (path.empty() ? "" : ".") + std::string(key.name);
    const auto found = document.find(key.name);
    if (key.type == KeyType::object)
      collect(found == document.end() ? Json::object() : *found, key, here, values);
    else
      values[here] = found == document.end() ? std::string(key.fallback) : shown(*found);
  }
}

std::vector<FieldChange> field_changes(const Json& before, const Json& after, const ConfigurationKey& keys) {
  std::map<std::string, std::string> old_values;
  std::map<std::string, std::string> new_values;
  collect(before, keys, "", old_values);
  collect(after, keys, "", new_values);
  std::vector<FieldChange> changes;
  for (const auto& [path, value] : new_values)
    if (old_values.at(path) != value) changes.push_back({path, old_values.at(path), value});
  return changes;
}

template <class Named>
struct ByName {
  explicit ByName(const std::vector<Named>& all) {
    for (const auto& each : all) items.emplace(each.name, &each);
  }
  const Named* find(const std::string& name) const {
    const auto found = items.find(name);
    return found == items.end() ? nullptr : found->second;
  }
  std::unordered_map<std::string_view, const Named*> items;
};

// The place of each among those that both have.
template <class Named>
std::unordered_map<std::string_view, std::size_t> common_places(const std::vector<Named>& all,
                                                                const ByName<Named>& other) {
  std::unordered_map<std::string_view, std::size_t> places;
  for (const auto& each : all)
    if (other.find(each.name) != nullptr) places.emplace(each.name, places.size());
  return places;
}

template <class Named>
bool same_but_place(Named one, const Named& other) {
  one.place = other.place;
  return one == other;
}

template <class Named>
PolicyChange change_of(const std::string& section, const Named& before, const Named& after, Sas sas) {
  PolicyChange change{section, after.name, Kind::changed, sas};
  change.fields = field_changes(to_document(before), to_document(after), *configuration_root().find(section));
  return change;
}

// `fate(old, new)`: of the SAs; `new` is null when the policy goes.
template <class Named, class Fate>
void compare(const std::vector<Named>& before, const std::vector<Named>& after, const std::string& section, Fate fate,
             std::vector<PolicyChange>& changes) {
  const ByName<Named> old_ones(before);
  const ByName<Named> new_ones(after);
  const auto old_places = common_places(before, new_ones);
  const auto new_places = common_places(after, old_ones);
  for (const auto& each : before)
    if (new_ones.find(each.name) == nullptr)
      changes.push_back({section, each.name, Kind::removed, fate(each, static_cast<const Named*>(nullptr))});
  for (const auto& each : after) {
    const auto* old = old_ones.find(each.name);
    if (old == nullptr) {
      changes.push_back({section, each.name, Kind::added, Sas::none});
      continue;
    }
    const bool moved = old_places.at(each.name) != new_places.at(each.name);
    if (!moved && same_but_place(each, *old)) continue;
    auto change = change_of(section, *old, each, fate(*old, &each));
    if (moved) change.fields.push_back({"place", std::to_string(old->place), std::to_string(each.place)});
    changes.push_back(std::move(change));
  }
}

void compare_bypass(const std::vector<IpAddress>& before, const std::vector<IpAddress>& after,
                    std::vector<PolicyChange>& changes) {
  const auto missing = [](const std::vector<IpAddress>& all, const IpAddress& one) {
    return std::find(all.begin(), all.end(), one) == all.end();
  };
  for (const auto& address : before)
    if (missing(after, address)) changes.push_back({"bypass", address.to_string(), Kind::removed, Sas::none});
  for (const auto& address : after)
    if (missing(before, address)) changes.push_back({"bypass", address.to_string(), Kind::added, Sas::none});
}

// What has no name: the default policy, and what counts at the next start.
void compare_rest(const Configuration& before, const Configuration& after, std::vector<PolicyChange>& changes) {
  const auto without_lists = [](const Configuration& configuration) {
    Configuration bare;
    bare.default_action = configuration.default_action;
    bare.allow_legacy = configuration.allow_legacy;
    bare.strict_revocation = configuration.strict_revocation;
    bare.startup = configuration.startup;
    return to_document(bare);
  };
  for (auto& change : field_changes(without_lists(before), without_lists(after), configuration_root())) {
    const auto dot = change.field.find('.');
    const auto section = change.field.substr(0, dot);
    if (dot != std::string::npos) change.field.erase(0, dot + 1);
    if (changes.empty() || changes.back().section != section)
      changes.push_back({section, section == "default_policy" ? "default" : "", Kind::changed, Sas::none});
    changes.back().fields.push_back(std::move(change));
  }
}
}  // namespace

std::vector<PolicyChange> changes_between(const Configuration& before, const Keying& old_keying,
                                          const Configuration& after, const Keying& new_keying) {
  const auto reqids = in_use(new_keying.reqid_map());
  const auto fate = [&](const Policy& old, const Policy* now) {
    const auto reqid = old_keying.reqid_of(old.place - 1);
    if (reqid == 0) return Sas::none;
    const bool secures = now != nullptr && now->action == Decision::secure;
    if (secures && new_keying.reqid_of(now->place - 1) != reqid) return Sas::renegotiated;
    return reqids.contains(reqid) ? Sas::kept : Sas::deleted;
  };
  std::vector<PolicyChange> changes;
  compare(before.policies, after.policies, "policies", fate, changes);
  compare(
      before.isakmp_policies, after.isakmp_policies, "isakmp_policies",
      [](const IsakmpPolicy&, const IsakmpPolicy*) { return Sas::none; }, changes);
  compare_bypass(before.bypass, after.bypass, changes);
  compare_rest(before, after, changes);
  return changes;
}

std::vector<PolicyChange> changes_of(const Configuration& before, const Keying& keying,
                                     const std::vector<Policy>& after) {
  const Keying::Outlook outlook(keying, after);
  std::vector<PolicyChange> changes;
  for (const auto& policy : after) {
    const auto reqid = keying.reqid_of(policy.place - 1);
    auto sas = Sas::none;
    if (reqid != 0 && policy.action == Decision::secure && outlook.reqid_of(policy) != reqid)
      sas = Sas::renegotiated;
    else if (reqid != 0)
      sas = outlook.is_in_use(reqid) ? Sas::kept : Sas::deleted;
    changes.push_back(change_of("policies", before.policies[policy.place - 1], policy, sas));
  }
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
  const char* sas = change.sas == Sas::kept           ? "kept"
                    : change.sas == Sas::renegotiated ? "renegotiated"
                    : change.sas == Sas::deleted      ? "deleted"
                                                      : "none";
  Json fields = Json::array();
  for (const auto& field : change.fields)
    fields.push_back({{"field", field.field}, {"before", field.before}, {"after", field.after}});
  return {{"section", change.section},
          {"policy", change.name},
          {"change", std::string(1, static_cast<char>(change.kind))},
          {"sas", sas},
          {"fields", std::move(fields)}};
}

}  // namespace ipsec9000
