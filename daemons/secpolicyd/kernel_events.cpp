#include "kernel_events.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "forwarding.hpp"
#include "policy/compile.hpp"
#include "xfrm/live_flows.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration turn_time{1000};
constexpr unsigned turns_between_looks = 60;  // at what may change by itself: the kernel's audit, our addresses
constexpr std::size_t most_waiting = 2 * DiscardLedger::most_of_a_kind;
constexpr Duration used_lately{2000};
constexpr std::size_t most_sockets = 4096;
// The kernel looks up the policy before there is a packet, and no place to look at comes before that.
constexpr const char* raw_problem =
    "what ICMP and raw sockets send is not shown before a policy refuses it; the policy's filter is recorded";
}  // namespace

KernelEvents::KernelEvents(DaemonContext& context, Kernel& kernel, KernelSide& kernel_side, HostAddresses& host,
                           std::function<const PolicySet&()> set)
    : context_(context),
      kernel_(kernel),
      kernel_side_(kernel_side),
      host_(host),
      set_(std::move(set)),
      tunnels_(context.loop, [this](const Flow& flow) { packet_beside_tunnel(flow); }),
      timer_(context.loop) {}
KernelEvents::~KernelEvents() = default;

void KernelEvents::start() {
  auto tap = PacketTap::open(context_.loop, [this](const Flow& flow) { packet(flow); });
  if (tap)
    tap_ = std::move(*tap);
  else
    tap_problem_ = tap.error().text;
  auto sends = SendTap::open();
  if (sends)
    sends_ = std::move(*sends);
  else
    sends_problem_ = sends.error().text;
  host_.follow(context_.loop);
  turn();
}

void KernelEvents::open_audit() {
  auto audit = KernelAuditSource::open();
  audit_problem_ = audit ? "" : audit.error().text;
  if (!audit) return;
  audit_ = std::move(*audit);
  audit_watch_ = context_.loop.watch_readable(audit_->fd(), [this] { read_audit(); });
}

void KernelEvents::follow_tunnels() {
  if (std::exchange(tunnels_may_differ_, false)) tunnels_.follow(set_().configuration);
}

void KernelEvents::read_audit() {
  for (const auto& event : audit_->read())
    if (sources_.told.size() < most_waiting && is_local(event.destination)) sources_.told.push_back(explain(event));
}

bool KernelEvents::is_local(const IpAddress& address) const {
  const auto* local = host_.recent();
  return local != nullptr && is_among(*local, address);
}

std::string KernelEvents::policy_of(std::uint32_t reqid) const {
  const auto& set = set_();
  for (std::size_t index = 0; index < set.configuration.policies.size(); ++index)
    if (set.keying.reqid_of(index) == reqid) return set.configuration.policies[index].name;
  return "";
}

ToldDiscard KernelEvents::explain(const KernelAuditEvent& event) {
  ToldDiscard told{event, std::nullopt, ""};
  if (event.kind == KernelAuditEvent::Kind::unknown_spi) return told;
  for (const auto protocol : {SaProtocol::esp, SaProtocol::ah}) {
    const auto sa = kernel_.get_sa({event.destination, event.spi, protocol, {}}, Keys::leave_out);
    if (!sa) continue;
    told.protocol = protocol;
    told.policy = policy_of(sa->spec.reqid);
    break;
  }
  return told;
}

// Of what is forwarded only discards are recorded here: what should have come out of a tunnel is the TunnelWatch's.
void KernelEvents::forwarded_packet(const Flow& flow) {
  follow_tunnels();
  const auto stop = stopped_on_the_way(set_().matcher, flow, tunnels_.needed());
  if (!stop) return;
  const auto name = stop->match.name();
  if (stop->at == Direction::in) {
    if (sources_.packets.size() < most_waiting)
      sources_.packets.push_back({flow, name, Decision::discard, stop->match.place(), true});
  } else if (sources_.refused.size() < most_waiting) {
    sources_.refused.push_back({flow, name, stop->match.place(), 1, true});
  }
}

// Tunnels are left out: the inner packets of theirs are seen here once more, behind their decryption (TunnelWatch).
void KernelEvents::packet(const Flow& flow) {
  if (!is_local(flow.destination)) return forwards_ ? forwarded_packet(flow) : void();
  if (sources_.packets.size() >= most_waiting) return;
  const auto match = set_().matcher.match(flow, Direction::in);
  if (match.action == Decision::pass || (match.policy != nullptr && match.policy->tunnel)) return;
  sources_.packets.push_back({flow, match.name(), match.action, match.place()});
}

void KernelEvents::packet_beside_tunnel(const Flow& flow) {
  if (sources_.packets.size() >= most_waiting) return;
  const auto match = set_().matcher.match(flow, Direction::in);
  if (match.action != Decision::secure || match.policy == nullptr || !match.policy->tunnel) return;
  sources_.packets.push_back({flow, match.name(), match.action, match.place()});
}

// A socket without an address gets the one that the route has, as it does before the kernel consults the policies.
bool KernelEvents::complete(Flow& flow, Sources& sources) const {
  constexpr std::size_t most_routes = 64;
  if (is_icmp(flow.protocol)) return false;  // type and code are not told
  const bool of_ike = flow.protocol == IpProtocol::udp && (flow.source_port == 500 || flow.source_port == 4500);
  if (of_ike) return false;  // its sockets are exempt from the policies
  if (!flow.source.is_any()) return true;
  auto known = sources.find(flow.destination);
  if (known == sources.end()) {
    if (sources.size() == most_routes) return false;
    const auto source = source_address_for(flow.destination);
    known = sources.emplace(flow.destination, source ? std::optional(*source) : std::nullopt).first;
  }
  if (known->second) flow.source = *known->second;
  return known->second.has_value();
}

// What programs have tried to send and policies discard.
std::vector<RefusedSend> KernelEvents::refused_sends() {
  std::vector<RefusedSend> refused;
  if (!sends_) return refused;
  Sources sources;
  for (auto& [flow, count] : sends_->take(used_lately)) {
    if (refused.size() == most_waiting) break;
    if (!complete(flow, sources)) continue;
    const auto match = set_().matcher.match(flow, Direction::out);
    if (match.action == Decision::discard) refused.push_back({flow, match.name(), match.place(), count});
  }
  return refused;
}

// Those whose policy has changed since they were connected: they are at it without asking.
std::vector<RefusedSend> KernelEvents::refused_sockets() {
  std::vector<RefusedSend> refused;
  const auto flows = socket_flows(most_sockets, Sockets::sending);
  sockets_problem_ = flows ? "" : flows.error().text;
  if (!flows) return refused;
  for (const auto& flow : *flows) {
    if (refused.size() == most_waiting) break;
    if (flow.destination.is_loopback()) continue;
    const auto match = set_().matcher.match(flow, Direction::out);
    const bool met = std::any_of(sources_.met.begin(), sources_.met.end(),
                                 [&](const MetPolicy& each) { return each.policy == match.name(); });
    if (match.action == Decision::discard && met) refused.push_back({flow, match.name(), match.place()});
  }
  return refused;
}

// Who has sent what policies discard, of which the kernel has counted so many.
void KernelEvents::find_refused(std::uint64_t blocked) {
  auto sends = refused_sends();
  sources_.refused.insert(sources_.refused.end(), sends.begin(), sends.end());
  std::uint64_t known = 0;
  for (const auto& send : sources_.refused) known += send.count;
  sources_.met = met_policies();
  if (known < blocked) sources_.connected = refused_sockets();
}

std::vector<Flow> KernelEvents::recent_sends() {
  std::vector<Flow> flows;
  if (!sends_) return flows;
  Sources sources;
  for (auto& flow : sends_->recent())
    if ((flow.source_port != 0 || !has_ports(flow.protocol)) && complete(flow, sources)) flows.push_back(flow);
  return flows;
}

// The kernel does not show a packet that it would not send, but the policies have the time of their last use.
std::vector<MetPolicy> KernelEvents::met_policies() {
  std::vector<MetPolicy> met;
  const auto policies = kernel_side_.discarding();
  if (!policies) return met;
  const auto since =
      std::chrono::duration_cast<seconds>((std::chrono::system_clock::now() - used_lately).time_since_epoch()).count();
  for (const auto& policy : *policies) {
    const auto& spec = policy.spec;
    if (spec.direction != PolicyDirection::out || spec.action != PolicyAction::block || !is_our_owner(spec.owner) ||
        policy.current.use_time < static_cast<std::uint64_t>(since))
      continue;
    const auto place = kernel_side_.place_of(spec);
    const auto& known = set_().configuration.policies;
    const bool has_policy = place != 0 && place <= known.size();
    met.push_back({has_policy ? known[place - 1].name : "default", spec.selector, has_policy ? place : 0});
    if (met.size() > DiscardLedger::most_of_a_kind) break;
  }
  return met;
}

void KernelEvents::turn() {
  if (turns_++ % turns_between_looks == 0) {
    (void)host_.all();  // where news cannot be had
    forwards_ = forwards_packets();
    if (!audit_) open_audit();
  }
  follow_tunnels();
  if (audit_) read_audit();
  auto counts = read_xfrm_statistics();
  counter_problem_ = counts ? "" : counts.error().text;
  if (counts) {
    const auto blocked = last_counts_ ? DiscardLedger::newly_blocked(*last_counts_, *counts) : 0;
    if (blocked != 0) find_refused(blocked);
    last_counts_ = *counts;
    sources_.counts = std::move(*counts);
  } else {
    sources_.refused = refused_sends();  // nothing confirms what was to be forwarded
  }
  for (const auto& record : ledger_.settle(std::exchange(sources_, {}))) {
    context_.audit.record(*record.event, record.fields);
    if (record.seen) recent_.add(*record.seen, record.count, context_.loop.now());
  }
  if (audit_ && audit_->lost() != audit_lost_) {
    audit_lost_ = audit_->lost();
    context_.audit.record(audit::kernel_events_lost, {{"events", "audit of dropped packets"}});
  }
  if (tap_) tap_->next_turn();
  timer_.arm(turn_time, [this] { turn(); });
}

std::string KernelEvents::why_no_discards() const {
  if (turns_ == 0) return "not watched";
  if (!tap_) return "inbound: " + tap_problem_;
  return counter_problem_.empty() ? "" : "outbound: " + counter_problem_;
}

Json KernelEvents::status() const {
  const auto state = [](bool on, const std::string& problem) { return on ? Json("on") : Json("off: " + problem); };
  return {{"audit", state(audit_ != nullptr, audit_problem_)},
          {"packets", state(tap_ != nullptr, tap_problem_)},
          {"forwarded", forwards_ ? state(tap_ != nullptr, tap_problem_) : Json("not needed")},
          {"tunnels", tunnels_.state()},
          {"sends", state(sends_ != nullptr, sends_problem_)},
          {"sockets", state(sockets_problem_.empty(), sockets_problem_)},
          {"raw", state(false, raw_problem)},
          {"counters", state(counter_problem_.empty(), counter_problem_)}};
}

}  // namespace ipsec9000
