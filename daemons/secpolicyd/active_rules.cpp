#include "active_rules.hpp"

#include <nlohmann/json.hpp>

#include "host_addresses.hpp"
#include "pages.hpp"
#include "policy/policy_json.hpp"

namespace ipsec9000 {

namespace {
// The cursor: which policy and direction, and which rule of it. So it is good for the next page even where addresses
// have come and gone meanwhile, and nothing needs to be counted up to it.
constexpr std::uint64_t most_rules_of_one = 1u << 20u;

const char* state_of(const LocalAddress& address) { return address.up ? "up" : "down"; }

Json rule_json(const Policy& policy, Direction direction, const ActiveRule& rule) {
  auto json = active_json(policy, direction);
  if (rule.at != nullptr) json[direction == Direction::out ? "source" : "destination"] = rule.at->address.to_string();
  json["interface"] = rule.at == nullptr ? Json(nullptr) : Json(rule.at->interface);
  json["state"] = rule.state;
  return json;
}
}  // namespace

std::vector<ActiveRule> rules_of(const Policy& policy, const Matcher& matcher, const std::vector<LocalAddress>* host) {
  if (host == nullptr) return {ActiveRule()};
  const auto& filter = policy.filter;
  std::vector<ActiveRule> rules;
  bool bypassed = false;
  const auto add = [&](const LocalAddress& each) {
    if (matcher.is_bypassed(each.address))
      bypassed = true;
    else if (rules.size() < most_rules_of_one)
      rules.push_back({&each, state_of(each)});
  };
  if (filter.local && filter.local->is_host()) {
    for (const auto* each : at_interfaces(*host, filter.local->address())) add(*each);
  } else if (!policy.tunnel) {
    for (const auto& each : *host)
      if (!each.address.is_loopback() && filter.allows(each.address.family()) &&
          filter.local_prefix(each.address.family()).contains(each.address))
        add(each);
  }
  if (rules.empty()) rules.push_back({nullptr, bypassed ? "bypassed" : policy.tunnel ? "tunnel" : "absent"});
  return rules;
}

Result<Json> list_active(const PolicySet& set, const std::vector<LocalAddress>* host, const Json& params) {
  const auto page = page_in(params);
  if (!page) return page.error();
  const auto& policies = set.configuration.policies;
  const auto lines = policies.size() + 1;  // of one direction
  Json items = Json::array();
  auto skip = page->begin % most_rules_of_one;
  for (auto line = page->begin / most_rules_of_one; line < 2 * lines; ++line) {
    const auto direction = line < lines ? Direction::out : Direction::in;
    const auto rank = line % lines;
    const bool fallback = rank == policies.size();
    const auto* policy = fallback ? nullptr : &policies[set.matcher.order()[rank]];
    const auto rules = fallback ? std::vector{ActiveRule()} : rules_of(*policy, set.matcher, host);
    for (auto n = skip; n < rules.size(); ++n) {
      if (items.size() == page->limit) return Json{{"items", std::move(items)}, {"next", line * most_rules_of_one + n}};
      items.push_back(fallback ? default_json(set.configuration, direction) : rule_json(*policy, direction, rules[n]));
    }
    skip = 0;
  }
  return Json{{"items", std::move(items)}, {"next", nullptr}};
}

Json host_end(const IpAddress& local, const std::vector<LocalAddress>* host) {
  if (host == nullptr || local.is_any()) return nullptr;
  const auto found = at_interfaces(*host, local);
  if (found.empty()) return {{"interface", nullptr}, {"state", "absent"}};
  const auto* best = found.front();
  for (const auto* each : found)
    if (each->up) best = each;
  return {{"interface", best->interface}, {"state", state_of(*best)}};
}

}  // namespace ipsec9000
