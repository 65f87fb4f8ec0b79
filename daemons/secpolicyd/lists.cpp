// The methods that answer in pages.
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "active_rules.hpp"
#include "cache_list.hpp"
#include "methods.hpp"
#include "pages.hpp"
#include "policy/policy_json.hpp"
#include "service.hpp"
#include "table_reader.hpp"

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
Result<Json> list_configured(const PolicySet& set, const Json& params) {
  const auto& policies = set.configuration.policies;
  return answer_page(params, policies.size() + 1, [&](std::size_t n) {
    return n < policies.size() ? to_json(policies[n]) : default_json(set.configuration, std::nullopt);
  });
}

Result<Json> list_policies(PolicyService& service, const Json& params) {
  if (!params.is_object()) return Error{ErrorCode::invalid_input, "the parameters must be an object"};
  const auto view = params.find("view");
  if (view == params.end() || *view == "active") return list_active(service.set(), service.host().all(), params);
  if (*view == "configured") return list_configured(service.set(), params);
  return Error{ErrorCode::invalid_input, "\"view\" must be \"active\" or \"configured\""};
}

// When the kernel last used an entry of each policy; what has never been used is left out. The first page reads the
// kernel; the following ones go on in what it read.
class UsageList : public std::enable_shared_from_this<UsageList> {
 public:
  void page(PolicyService& service, const Json& params, const RpcServer::Reply& reply) {
    const auto page = page_in(params);
    if (!page) return reply(page.error());
    if (page->begin != 0) return reply(answer(params));
    const auto last_use = std::make_shared<std::map<std::string, std::uint64_t>>();
    read_table(
        service.loop(), service.kernel_side(),
        [&service, last_use](const PolicyState& entry) { note(service, entry, *last_use); },
        [self = shared_from_this(), params, reply, last_use](const Result<void>& done) {
          if (!done) return reply(done.error());
          self->used_.assign(last_use->begin(), last_use->end());
          reply(self->answer(params));
        });
  }

 private:
  static void note(PolicyService& service, const PolicyState& entry, std::map<std::string, std::uint64_t>& last_use) {
    if (!is_our_owner(entry.spec.owner) || entry.current.use_time == 0) return;
    const auto& known = service.set().configuration.policies;
    const auto place = service.kernel_side().place_of(entry.spec);
    const bool has_policy = place != 0 && place <= known.size();
    // Without one: the default, which is for every packet, or what stands above the policies.
    if (!has_policy && entry.spec.selector != KernelSelector::any(entry.spec.selector.family())) return;
    auto& latest = last_use[has_policy ? known[place - 1].name : "default"];
    latest = std::max(latest, entry.current.use_time);
  }
  Result<Json> answer(const Json& params) const {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    const auto now = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(since_1970).count());
    return answer_page(params, used_.size(), [&](std::size_t n) {
      const auto& [policy, used] = used_[n];
      return Json{{"policy", policy}, {"idle", now > used ? now - used : 0}};
    });
  }
  std::vector<std::pair<std::string, std::uint64_t>> used_;
};

Result<Json> list_addresses(PolicyService& service, const Json& params) {
  const auto* addresses = service.host().all();
  if (addresses == nullptr) return Error{ErrorCode::io, "this host's addresses cannot be read"};
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
  const auto usage = std::make_shared<UsageList>();
  server.add("policy.usage", [&service, usage](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    usage->page(service, params, reply);
  });
  add("policy.ip", list_addresses);
  add("policy.bypass", [](PolicyService& s, const Json& params) {
    const auto& all = s.set().configuration.bypass;
    return answer_page(params, all.size(), [&](std::size_t n) { return Json{{"address", all[n].to_string()}}; });
  });
  const auto cache = std::make_shared<CacheList>();
  server.add("policy.cache", [&service, cache](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    cache->page(service, params, reply);
  });
  server.add("policy.cache_sources", [cache](const Json&, const Caller&, const RpcServer::Reply& reply) {
    reply(Json{{"items", cache->sources()}, {"next", nullptr}});
  });
}

}  // namespace ipsec9000
