#include "ike_link.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "audit/events.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration answer_time{10'000};
// A message holds a megabyte. Policies of one protection share an entry here, so that only exclusive policies are many.
constexpr std::size_t most_reqids = 10'000;

Json configuration_for_ike(const PolicySet& set, const std::optional<EntrustSettings>& entrust) {
  Json isakmp = Json::array();
  for (const auto& policy : set.configuration.isakmp_policies) isakmp.push_back(to_json(policy));
  Json reqids = Json::array();
  std::unordered_set<std::uint32_t> seen;
  std::uint32_t last = 0;
  for (std::size_t index = 0; index < set.configuration.policies.size() && seen.size() < most_reqids; ++index) {
    const auto reqid = set.keying.reqid_of(index);
    if (reqid == 0 || reqid == std::exchange(last, reqid) || !seen.insert(reqid).second) continue;
    reqids.push_back({{"reqid", reqid}, {"policy", set.configuration.policies[index].name}});
  }
  Json told{{"isakmp_policies", std::move(isakmp)},
            {"allow_legacy", set.configuration.allow_legacy},
            {"revocation", set.configuration.strict_revocation ? "strict" : "tolerant"},
            {"reqids", std::move(reqids)}};
  if (entrust) told["entrust"] = to_json(*entrust);
  return told;
}
}  // namespace

IkeLink::IkeLink(DaemonContext& context) : context_(context), peer_(context.loop, context.paths.socket("ikpmd")) {
  peer_.on_connected([this] { connected_again(); });
  peer_.on_lost([this] { lost(); });
}

void IkeLink::connected_again() {
  if (was_connected_) context_.audit.record(audit::daemon_back, {{"daemon", "ikpmd"}});
  was_connected_ = true;
  if (configuration_) peer_.call("ike.configure", *configuration_, answer_time, [](const Result<Json>&) {});
  send_forget();
  const auto now = context_.loop.now();
  const auto waiting = std::exchange(waiting_, {});
  for (const auto& [protection, order] : waiting)
    if (now - order.first < patience) send_acquire(protection, order.second);
}

void IkeLink::lost() {
  context_.audit.record(audit::daemon_lost, {{"daemon", "ikpmd"}});
  if (when_lost_) when_lost_();
}

void IkeLink::configure(const PolicySet& set, const std::optional<EntrustSettings>& entrust) {
  configuration_ = std::make_shared<const Json>(configuration_for_ike(set, entrust));
  // A reqid that is in use again is no longer to be forgotten.
  std::unordered_set<std::uint32_t> used;
  for (const auto& [text, reqid] : set.keying.reqid_map()) used.insert(reqid);
  std::erase_if(forgotten_, [&](auto reqid) { return used.contains(reqid); });
  if (peer_.connected()) peer_.call("ike.configure", *configuration_, answer_time, [](const Result<Json>&) {});
}

void IkeLink::forget(const std::vector<std::uint32_t>& reqids) {
  forgotten_.insert(forgotten_.end(), reqids.begin(), reqids.end());
  if (peer_.connected()) send_forget();
}

void IkeLink::send_forget() {
  for (std::size_t begin = 0; begin < forgotten_.size(); begin += most_reqids) {
    const auto end = std::min(begin + most_reqids, forgotten_.size());
    std::vector<std::uint32_t> told(forgotten_.begin() + static_cast<std::ptrdiff_t>(begin),
                                    forgotten_.begin() + static_cast<std::ptrdiff_t>(end));
    std::sort(told.begin(), told.end());
    peer_.call("ike.forget", {{"reqids", told}}, answer_time, [this, told](const Result<Json>& answer) {
      if (!answer) return;  // told again at the next connection
      std::erase_if(forgotten_, [&](auto reqid) { return std::binary_search(told.begin(), told.end(), reqid); });
    });
  }
}

void IkeLink::acquire(const Protection& protection, const UnansweredAcquire& asked) {
  if (peer_.connected()) return send_acquire(protection, asked);
  if (waiting_.size() < most_waiting) waiting_.insert_or_assign(protection, std::pair{context_.loop.now(), asked});
}

void IkeLink::release(const UnansweredAcquire& acquire) {
  peer_.call("ike.release", to_json(acquire), answer_time, [](const Result<Json>&) {});
}

void IkeLink::send_acquire(const Protection& protection, const UnansweredAcquire& asked) {
  // The negotiation's own fate is ikpmd's to record; the kernel asks again while there is traffic.
  auto& audit = context_.audit;
  AuditFields fields{{"policy", protection.policy},
                     {"selector", protection.selector.to_string()},
                     {"remote", protection.remote.to_string()},
                     {"cause", "the kernel"}};
  auto order = to_json(protection);
  order["acquire"] = to_json(asked);
  peer_.call("ike.acquire", order, answer_time, [&audit, fields = std::move(fields)](const Result<Json>& answer) {
    if (answer && answer->is_object()) audit.record(audit::policy_chosen, fields, answer->value("correlation", ""));
  });
}

}  // namespace ipsec9000
