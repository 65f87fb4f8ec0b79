// The methods that answer in pages.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "methods.hpp"
#include "parameters.hpp"
#include "policy/kernel_view.hpp"
#include "policy/policy_json.hpp"
#include "service.hpp"
#include "xfrm/links.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t page_size = 500;

struct Page {
  std::size_t begin = 0;
  std::size_t limit = page_size;
};

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

// {"items", "next"} of `count` items that `item` makes one by one.
template <class Item>
Result<Json> answer_page(const Json& params, std::size_t count, Item item) {
  const auto page = page_in(params);
  if (!page) return page.error();
  const auto begin = std::min(page->begin, count);
  const auto end = begin + std::min(page->limit, count - begin);
  Json items = Json::array();
  for (auto n = begin; n < end; ++n) items.push_back(item(n));
  return Json{{"items", std::move(items)}, {"next", end < count ? Json(end) : Json(nullptr)}};
}

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

Json port_json(PortMask port) {
  if (port.mask == 0) return 0;
  if (port.mask == 0xffff) return port.value;
  return PortRange{port.value, static_cast<std::uint16_t>(port.value | static_cast<std::uint16_t>(~port.mask))}
      .to_string();
}

Json cache_item(const KernelSide& kernel, const PolicySet& set, const PolicyState& state) {
  const auto& spec = state.spec;
  const auto place = kernel.place_of(spec);
  const bool fallback = place == 0 && spec.selector == KernelSelector::any(spec.selector.family());
  return {{"record", state.index},
          {"cookie", place != 0 || fallback ? cookie_of_place(place) : 0},
          {"source", spec.selector.source.to_string()},
          {"source_port", port_json(spec.selector.source_port)},
          {"destination", spec.selector.destination.to_string()},
          {"destination_port", port_json(spec.selector.destination_port)},
          {"protocol", to_string(spec.selector.protocol)},
          {"direction", to_string(spec.direction)},
          {"action", to_string(decision_of(spec))},
          {"policy", place != 0 && place <= set.configuration.policies.size()
                         ? Json(set.configuration.policies[place - 1].name)
                     : fallback ? Json("default")
                                : Json(nullptr)},
          {"priority", spec.priority},
          {"sas", Json::array()}};
}

// The first page reads the kernel; the following ones go on in what it read.
class CacheList {
 public:
  Result<Json> operator()(PolicyService& service, const Json& params) {
    const auto page = page_in(params);
    if (!page) return page.error();
    if (page->begin == 0 || dump_.empty()) {
      auto all = service.kernel_side().policies();
      if (!all) return all.error();
      dump_ = std::move(*all);
      std::erase_if(dump_, [](const auto& state) { return !is_our_owner(state.spec.owner); });
    }
    auto answer = answer_page(params, dump_.size(), [&](std::size_t n) {
      return cache_item(service.kernel_side(), service.set(), dump_[n]);
    });
    if (answer && (*answer)["next"].is_null()) dump_ = {};
    return answer;
  }

 private:
  std::vector<PolicyState> dump_;
};

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
  add("policy.ip", list_addresses);
  add("policy.bypass", [](PolicyService& s, const Json& params) {
    const auto& all = s.set().configuration.bypass;
    return answer_page(params, all.size(), [&](std::size_t n) { return Json{{"address", all[n].to_string()}}; });
  });
  server.add("policy.cache", [&service, list = std::make_shared<CacheList>()](const Json& params, const Caller&,
                                                                              const RpcServer::Reply& reply) {
    reply((*list)(service, params));
  });
}

}  // namespace ipsec9000
