#include "policy/to_document.hpp"

#include <nlohmann/json.hpp>

#include "policy/policy_json.hpp"

namespace ipsec9000 {

namespace {
Json filter_document(const Filter& filter) {
  Json json = Json::object();
  if (filter.local) json["local"] = filter.local->to_string();
  if (filter.remote) json["remote"] = filter.remote->to_string();
  if (filter.protocol != IpProtocol::any) json["protocol"] = to_string(filter.protocol);
  if (is_icmp(filter.protocol)) {
    if (filter.local_port.is_any()) return json;
    json["icmp"] = {{"type", filter.local_port.first}};
    if (!filter.remote_port.is_any()) json["icmp"]["code"] = filter.remote_port.first;
    return json;
  }
  if (!filter.local_port.is_any()) json["local_port"] = port_json(filter.local_port);
  if (!filter.remote_port.is_any()) json["remote_port"] = port_json(filter.remote_port);
  return json;
}

Json startup_document(const Startup& startup) {
  const Startup usual;
  Json json = Json::object();
  if (startup.bootup != usual.bootup) json["bootup"] = startup.bootup;
  if (startup.audit_level != usual.audit_level) json["audit_level"] = startup.audit_level;
  if (startup.audit_directory != usual.audit_directory) json["audit_directory"] = startup.audit_directory;
  if (startup.audit_max_kilobytes != usual.audit_max_kilobytes)
    json["audit_max_kilobytes"] = startup.audit_max_kilobytes;
  return json;
}
}  // namespace

Json to_document(const Policy& policy) {
  Json json{{"name", policy.name}, {"filter", filter_document(policy.filter)}, {"action", to_string(policy.action)}};
  if (json["filter"].empty()) json.erase("filter");
  for (const auto& transform : policy.transforms) json["transforms"].push_back(transform.to_string());
  if (policy.exclusive) json["exclusive"] = true;
  if (policy.pfs) json["pfs"] = info(*policy.pfs).name;
  if (policy.tunnel)
    json["tunnel"] = {{"local", policy.tunnel->local.to_string()}, {"remote", policy.tunnel->remote.to_string()}};
  return json;
}

Json to_document(const IsakmpPolicy& policy) {
  auto json = to_json(policy);
  json.erase("place");
  json.erase("aggressive");
  if (policy.aggressive) json["exchange"] = "aggressive";
  for (auto at = json.begin(); at != json.end();) at = at->is_null() ? json.erase(at) : std::next(at);
  return json;
}

Json to_document(const Configuration& configuration) {
  Json json{{"version", 1}, {"policies", Json::array()}};
  for (const auto& policy : configuration.policies) json["policies"].push_back(to_document(policy));
  json["default_policy"] = {{"action", to_string(configuration.default_action)}};
  json["isakmp_policies"] = Json::array();
  for (const auto& policy : configuration.isakmp_policies) json["isakmp_policies"].push_back(to_document(policy));
  json["bypass"] = Json::array();
  for (const auto& address : configuration.bypass) json["bypass"].push_back(address.to_string());
  json["allow_legacy"] = configuration.allow_legacy;
  json["revocation"] = configuration.strict_revocation ? "strict" : "tolerant";
  json["startup"] = startup_document(configuration.startup);
  return json;
}

}  // namespace ipsec9000
