// The methods that answer in pages.
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "cache_list.hpp"
#include "methods.hpp"
#include "pages.hpp"
#include "policy/policy_json.hpp"
#include "service.hpp"
#include "xfrm/links.hpp"

namespace ipsec9000 {

Result<Page> page_in(const Json& params) {
  Page page;
  if (!params.is_object()) return Error{ErrorCode::invalid_input, "the parameters must be an object"};
  if (const auto cursor = params.find("cursor"); cursor != params.end() && !cursor->is_null()) {
    const auto begin = natural_number(*cursor);
    if (!begin) return Error{ErrorCode::invalid_input, "\"cursor\" must be what the page before gave"};
    page.begin = *begin;
  }
  if (const auto limit = params.find("limit"); limit != params.end())
    page.limit = std::clamp<std::size_t>(natural_number(*limit).value_or(page_size), 1, page_size);
  return page;
}

namespace {
// All outbound rules in the order of selection and the default, then all inbound ones.
Result<Json> list_active(const PolicySet& set, const Json& params) {
  const auto& policies = set.configuration.policies;
  return answer_page(params, 2 * (policies.size() + 1), [&](std::size_t n) {
    const auto direction = n <= policies.size() ? Direction::out : Direction::in;
    const auto rank = n % (policies.size() + 1);
    if (rank == policies.size()) return default_json(set.configuration, direction);
    return active_json(policies[set.matcher.order()[rank]], direction);
  });
}

Result<Json> list_configured(const PolicySet& set, const Json& params) {
  const auto& policies = set.configuration.policies;
  return answer_page(params, policies.size() + 1, [&](std::size_t n) {
    return n < policies.size() ? to_json(policies[n]) : default_json(set.configuration, std::nullopt);
  });
}

Result<Json> list_policies(PolicyService& service, const Json& params) {
  if (!params.is_object()) return Error{ErrorCode::invalid_input, "the parameters must be an object"};
  const auto view = params.find("view");
  if (view == params.end() || *view == "active") return list_active(service.set(), params);
  if (*view == "configured") return list_configured(service.set(), params);
  return Error{ErrorCode::invalid_input, "\"view\" must be \"active\" or \"configured\""};
}

// When the kernel last used an entry of each policy; what has never been used is left out.
Result<Json> list_usage(PolicyService& service, const Json& params) {
  const auto entries = service.kernel_side().policies();
  if (!entries) return entries.error();
  std::map<std::string, std::uint64_t> last_use;
  const auto& known = service.set().configuration.policies;
  for (const auto& entry : *entries) {
    if (!is_our_owner(entry.spec.owner) || entry.current.use_time == 0) continue;
    const auto place = service.kernel_side().place_of(entry.spec);
    const bool has_policy = place != 0 && place <= known.size();
    // Without one: the default, which is for every packet, or what stands above the policies.
    if (!has_policy && entry.spec.selector != KernelSelector::any(entry.spec.selector.family())) continue;
    auto& latest = last_use[has_policy ? known[place - 1].name : "default"];
    latest = std::max(latest, entry.current.use_time);
  }
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const auto now = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(since_1970).count());
  auto next = last_use.begin();
  return answer_page(params, last_use.size(), [&](std::size_t n) {
    if (next == last_use.begin()) std::advance(next, n);
    const auto& [policy, used] = *next++;
    return Json{{"policy", policy}, {"idle", now > used ? now - used : 0}};
  });
}

Result<Json> list_addresses(PolicyService& service, const Json& params) {
  const auto addresses = local_addresses();
  if (!addresses) return addresses.error();
  return answer_page(params, addresses->size(), [&](std::size_t n) {
    const auto& each = (*addresses)[n];
    return Json{{"interface", each.interface},
                {"address", each.address.to_string()},
                {"ipsec", service.set().matcher.is_bypassed(each.address) ? "bypassed" : "enabled"}};
  });
}
}  // namespace

void add_list_methods(RpcServer& server, PolicyService& service) {
  const auto add = [&](const char* name, auto method) {
    server.add(name, [&service, method](const Json& params, const Caller&, const RpcServer::Reply& reply) {
      reply(method(service, params));
    });
  };
  add("policy.list", list_policies);
  add("isakmp.list", [](PolicyService& s, const Json& params) {
    const auto& all = s.set().configuration.isakmp_policies;
    return answer_page(params, all.size(), [&](std::size_t n) { return to_json(all[n]); });
  });
  add("policy.usage", list_usage);
  add("policy.ip", list_addresses);
  add("policy.bypass", [](PolicyService& s, const Json& params) {
    const auto& all = s.set().configuration.bypass;
    return answer_page(params, all.size(), [&](std::size_t n) { return Json{{"address", all[n].to_string()}}; });
  });
  const auto cache = std::make_shared<CacheList>();
  server.add("policy.cache", [&service, cache](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    reply(cache->page(service, params));
  });
  server.add("policy.cache_sources", [cache](const Json&, const Caller&, const RpcServer::Reply& reply) {
    reply(Json{{"items", cache->sources()}, {"next", nullptr}});
  });
}

}  // namespace ipsec9000
