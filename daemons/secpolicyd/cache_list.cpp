#include "cache_list.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "pages.hpp"
#include "policy/compile.hpp"
#include "policy/kernel_view.hpp"
#include "policy/policy_json.hpp"
#include "service.hpp"
#include "table_reader.hpp"
#include "xfrm/live_flows.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t most_flows = 100'000;  // of one source

Flow reversed(const Flow& flow) {
  Flow back{flow.destination, flow.source, flow.protocol, flow.destination_port, flow.source_port};
  if (is_icmp(flow.protocol)) std::swap(back.source_port, back.destination_port);  // type and code have no sides
  return back;
}

// The SA's selector, if it is for one 5-tuple.
std::optional<Flow> only_flow(const SaSpec& sa) {
  if (!sa.selector) return std::nullopt;
  const auto& selector = *sa.selector;
  const auto one = [](const Prefix& prefix) { return prefix.length() == prefix.address().bits(); };
  if (!one(selector.source) || !one(selector.destination) || selector.source_port.mask != 0xffff ||
      selector.destination_port.mask != 0xffff)
    return std::nullopt;
  return Flow{selector.source.address(), selector.destination.address(), selector.protocol, selector.source_port.value,
              selector.destination_port.value};
}

Json sa_json(const SaSpec& sa) {
  return {{"state", "created"},
          {"protocol", to_string(sa.protocol)},
          {"mode", to_string(sa.mode)},
          {"spi", hex8(static_cast<std::uint32_t>(sa.spi))},
          {"source", sa.source.to_string()},
          {"destination", sa.destination.to_string()}};
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
          {"kind", "entry"},
          {"seen_by", "kernel"},
          {"sas", Json::array()}};
}

}  // namespace

std::vector<LiveFlow> live_flows(const PolicySet& set, const std::vector<Flow>& sockets,
                                 const std::vector<Flow>& tracked, const std::vector<Flow>& sent,
                                 const std::vector<Flow>& requested, const std::vector<IpAddress>& local) {
  std::vector<LiveFlow> all;
  std::set<std::pair<Flow, Direction>> seen;
  const auto add = [&](const Flow& flow, Direction direction, const char* seen_by) {
    if (flow.source.is_loopback() || flow.destination.is_loopback()) return;
    if (seen.emplace(flow, direction).second) all.push_back({flow, direction, seen_by});
  };
  const std::set<IpAddress> ours(local.begin(), local.end());
  for (const auto& flow : sockets) {
    add(flow, Direction::out, "socket");
    add(reversed(flow), Direction::in, "socket");
  }
  for (const auto& flow : tracked) {
    if (ours.contains(flow.source)) {
      add(flow, Direction::out, "connection tracking");
    } else if (ours.contains(flow.destination)) {
      add(flow, Direction::in, "connection tracking");
    } else {
      const bool out = set.matcher.match(flow, Direction::out).policy != nullptr ||
                       set.matcher.match(flow, Direction::in).policy == nullptr;
      add(flow, out ? Direction::out : Direction::in, "connection tracking");
    }
  }
  for (const auto& flow : sent)
    if (set.matcher.match(flow, Direction::out).action != Decision::discard) add(flow, Direction::out, "send");
  for (const auto& flow : requested) add(flow, Direction::out, "request");
  return all;
}

SaFinder::SaFinder(std::vector<SaState> all) : all_(std::move(all)) {
  std::stable_sort(all_.begin(), all_.end(),
                   [](const auto& a, const auto& b) { return a.current.add_time > b.current.add_time; });
  for (std::size_t n = 0; n < all_.size(); ++n) {
    if (all_[n].spec.spi == Spi{0}) continue;
    if (const auto flow = only_flow(all_[n].spec))
      own_.emplace_back(all_[n].spec.reqid, *flow, n);
    else
      by_reqid_.emplace_back(all_[n].spec.reqid, n);
  }
  std::sort(own_.begin(), own_.end());
  std::sort(by_reqid_.begin(), by_reqid_.end());
}

Json SaFinder::sas_for(std::uint32_t reqid, const Flow& flow) const {
  Json found = Json::array();
  std::set<SaProtocol> protocols;
  const auto add = [&](std::size_t n) {
    const auto& sa = all_[n].spec;
    if (sa.selector && !sa.selector->matches(flow)) return;
    if (sa.mode == Mode::transport && (sa.source != flow.source || sa.destination != flow.destination)) return;
    if (protocols.insert(sa.protocol).second) found.push_back(sa_json(sa));
  };
  for (auto at = std::lower_bound(own_.begin(), own_.end(), std::tuple(reqid, flow, std::size_t{0}));
       at != own_.end() && std::get<0>(*at) == reqid && std::get<1>(*at) == flow; ++at)
    add(std::get<2>(*at));
  for (auto at = std::lower_bound(by_reqid_.begin(), by_reqid_.end(), std::pair(reqid, std::size_t{0}));
       at != by_reqid_.end() && at->first == reqid; ++at)
    add(at->second);
  return found;
}

Json flow_item(const LiveFlow& live, const PolicySet& set, const SaFinder& sas) {
  const auto& flow = live.flow;
  const auto match = set.matcher.match(flow, live.direction);
  const auto place = match.policy == nullptr ? 0 : match.policy->place;
  const bool chosen = match.policy != nullptr || match.kind == PolicyKind::fallback;
  Json item{{"record", nullptr},
            {"cookie", chosen ? cookie_of_place(place) : 0},
            {"source", flow.source.to_string()},
            {"source_port", flow.source_port},
            {"destination", flow.destination.to_string()},
            {"destination_port", flow.destination_port},
            {"protocol", to_string(flow.protocol)},
            {"direction", live.direction == Direction::out ? "out" : "in"},
            {"action", to_string(match.action)},
            {"policy", match.policy == nullptr ? Json(chosen ? "default" : match.name()) : Json(match.policy->name)},
            {"kind", "flow"},
            {"seen_by", live.seen_by},
            {"sas", Json::array()}};
  if (place == 0 || match.action != Decision::secure) return item;
  item["sas"] = sas.sas_for(set.keying.reqid_of(place - 1), flow);
  if (item["sas"].empty() && live.seen_by == "request")
    item["sas"].push_back({{"state", "requested"},
                           {"protocol", match.policy->transforms.front().esp ? "esp" : "ah"},
                           {"mode", match.policy->tunnel ? "tunnel" : "transport"},
                           {"spi", "00000000"},
                           {"source", flow.source.to_string()},
                           {"destination", flow.destination.to_string()}});
  return item;
}

Json discard_item(const RecentDiscards::Entry& entry, const PolicySet& set, std::uint64_t idle) {
  const auto& seen = entry.seen;
  const auto& known = set.configuration.policies;
  const bool is_default = seen.place == 0 && seen.policy == "default";
  const bool still_there = seen.place != 0 && seen.place <= known.size() && known[seen.place - 1].name == seen.policy;
  return {{"record", nullptr},
          {"cookie", is_default || still_there ? cookie_of_place(seen.place) : 0},
          {"source", seen.packets.source.to_string()},
          {"source_port", port_json(seen.packets.source_port)},
          {"destination", seen.packets.destination.to_string()},
          {"destination_port", port_json(seen.packets.destination_port)},
          {"protocol", to_string(seen.packets.protocol)},
          {"direction", seen.direction == Direction::out ? "out" : "in"},
          {"action", to_string(seen.action)},
          {"policy", seen.policy},
          {"kind", "discard"},
          {"seen_by", seen.by_filter ? "policy" : "packet"},
          {"count", entry.count},
          {"idle", idle},
          {"sas", Json::array()}};
}

void CacheList::read(PolicyService& service, std::vector<PolicyState> entries) {
  entries_ = std::move(entries);
  sources_.clear();
  const auto sockets = socket_flows(most_flows);
  sources_.emplace_back("sockets", sockets ? "" : sockets.error().text);
  const auto tracked = tracked_flows(most_flows);
  sources_.emplace_back("connection tracking", !tracked   ? tracked.error().text
                                               : *tracked ? ""
                                                          : "not in use on this host");
  sources_.emplace_back("sent datagrams", service.kernel_events().why_no_sends());
  sources_.emplace_back("requests for SAs", "");
  auto sas = service.kernel_side().sas();
  sources_.emplace_back("SAs", sas ? "" : sas.error().text);
  sources_.emplace_back("dropped packets", service.kernel_events().why_no_discards());
  now_ = service.now();
  discards_ = service.kernel_events().recent().all(now_);
  std::vector<IpAddress> local;
  if (const auto* addresses = service.host().all())
    for (const auto& each : *addresses) local.push_back(each.address);
  const std::vector<Flow> none;
  flows_ = live_flows(service.set(), sockets ? *sockets : none, tracked && *tracked ? **tracked : none,
                      service.kernel_events().recent_sends(), service.requested_flows(), local);
  sas_ = std::make_shared<const SaFinder>(sas ? std::move(*sas) : std::vector<SaState>());
}

void CacheList::page(PolicyService& service, const Json& params, const std::function<void(Result<Json>)>& reply) {
  const auto page = page_in(params);
  if (!page) return reply(page.error());
  if (page->begin != 0 && sas_) return reply(answer(service, params));
  const auto entries = std::make_shared<std::vector<PolicyState>>();
  read_table(
      service.loop(), service.kernel_side(),
      [entries](PolicyState& state) {
        if (is_our_owner(state.spec.owner)) entries->push_back(std::move(state));
      },
      [self = shared_from_this(), &service, params, reply, entries](const Result<void>& done) {
        if (!done) return reply(done.error());
        self->read(service, std::move(*entries));
        reply(self->answer(service, params));
      });
}

Result<Json> CacheList::answer(PolicyService& service, const Json& params) {
  auto answer = answer_page(params, entries_.size() + flows_.size() + discards_.size(), [&](std::size_t n) {
    if (n < entries_.size()) return cache_item(service.kernel_side(), service.set(), entries_[n]);
    n -= entries_.size();
    if (n < flows_.size()) return flow_item(flows_[n], service.set(), *sas_);
    const auto& entry = discards_[n - flows_.size()];
    const auto idle = std::chrono::duration_cast<seconds>(now_ - entry.last).count();
    return discard_item(entry, service.set(), static_cast<std::uint64_t>(idle));
  });
  if (answer && (*answer)["next"].is_null()) {
    entries_ = {};
    flows_ = {};
    discards_ = {};
    sas_.reset();
  }
  return answer;
}

Json CacheList::sources() const {
  Json all = Json::array();
  for (const auto& [source, why_not] : sources_)
    all.push_back({{"source", source}, {"on", why_not.empty()}, {"reason", why_not}});
  return all;
}

}  // namespace ipsec9000
