#include "policy/policy_json.hpp"

#include <nlohmann/json.hpp>

#include "policy/selection.hpp"

namespace ipsec9000 {

Json port_json(const PortRange& ports) { return ports.is_one() ? Json(ports.first) : Json(ports.to_string()); }

namespace {
std::string text_of(const std::optional<Prefix>& prefix) { return prefix ? prefix->to_string() : "any"; }

Json head(const std::string& name, std::uint32_t place, PolicyKind kind, std::uint32_t cookie, Decision action) {
  return {
      {"name", name}, {"place", place}, {"kind", to_string(kind)}, {"cookie", cookie}, {"action", to_string(action)}};
}

void add_icmp(Json& json, const Filter& filter) {
  json["icmp"] = nullptr;
  if (!is_icmp(filter.protocol) || filter.local_port.is_any()) return;
  json["icmp"] = {{"type", port_json(filter.local_port)}};
  if (!filter.remote_port.is_any()) json["icmp"]["code"] = port_json(filter.remote_port);
}

void add_protection(Json& json, const Policy& policy) {
  json["transforms"] = Json::array();
  for (const auto& transform : policy.transforms) json["transforms"].push_back(transform.to_string());
  json["exclusive"] = policy.exclusive;
  json["pfs"] = policy.pfs ? Json(info(*policy.pfs).name) : Json(nullptr);
  json["tunnel"] = nullptr;
  if (policy.tunnel)
    json["tunnel"] = {{"local", policy.tunnel->local.to_string()}, {"remote", policy.tunnel->remote.to_string()}};
}

// An ICMP type is no port: it stands under "icmp" only.
Json port_of(const Filter& filter, const PortRange& ports) {
  return is_icmp(filter.protocol) ? Json("any") : port_json(ports);
}

Json head_of(const Policy& policy) {
  return head(policy.name, policy.place, kind_of(policy.filter), cookie_of_place(policy.place), policy.action);
}
}  // namespace

Json to_json(const Policy& policy) {
  auto json = head_of(policy);
  const auto& filter = policy.filter;
  json["local"] = text_of(filter.local);
  json["remote"] = text_of(filter.remote);
  json["protocol"] = to_string(filter.protocol);
  json["local_port"] = port_of(filter, filter.local_port);
  json["remote_port"] = port_of(filter, filter.remote_port);
  add_icmp(json, filter);
  add_protection(json, policy);
  return json;
}

Json active_json(const Policy& policy, Direction direction) {
  auto json = head_of(policy);
  const auto& filter = policy.filter;
  const bool out = direction == Direction::out;
  json["direction"] = out ? "out" : "in";
  json["source"] = text_of(out ? filter.local : filter.remote);
  json["source_port"] = port_of(filter, out ? filter.local_port : filter.remote_port);
  json["destination"] = text_of(out ? filter.remote : filter.local);
  json["destination_port"] = port_of(filter, out ? filter.remote_port : filter.local_port);
  json["protocol"] = to_string(filter.protocol);
  add_icmp(json, filter);
  add_protection(json, policy);
  return json;
}

Json default_json(const Configuration& configuration, std::optional<Direction> direction) {
  auto json = head("default", 0, PolicyKind::fallback, cookie_of_place(0), configuration.default_action);
  if (direction) json["direction"] = *direction == Direction::out ? "out" : "in";
  return json;
}

Json to_json(const Match& match, const Configuration& configuration) {
  if (match.policy != nullptr) return to_json(*match.policy);
  if (match.kind == PolicyKind::fallback) return default_json(configuration, std::nullopt);
  return head(match.name(), 0, match.kind, 0, match.action);
}

Json to_json(const Candidate& candidate) {
  Json json{{"name", candidate.policy == nullptr ? to_string(candidate.kind) : candidate.policy->name},
            {"place", candidate.policy == nullptr ? 0 : candidate.policy->place},
            {"kind", to_string(candidate.kind)},
            {"chosen", candidate.chosen},
            {"matched", candidate.matched}};
  json["field"] = candidate.field ? Json(to_string(*candidate.field)) : Json(nullptr);
  json["reason"] = candidate.reason;
  return json;
}

}  // namespace ipsec9000
