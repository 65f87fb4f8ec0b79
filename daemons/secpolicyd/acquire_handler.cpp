#include "acquire_handler.hpp"

#include "audit/events.hpp"
#include "policy/compile.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration between_refusals{10'000};

// connect() looks its route up before the socket has a port: such a "packet" is of no flow yet, and SAs for a 5-tuple
// cannot be made from it. The first real packet brings the port.
bool has_no_port_yet(const Flow& flow) { return has_ports(flow.protocol) && flow.source_port == 0; }

UnansweredAcquire unanswered(const Acquire& acquire) {
  UnansweredAcquire it{acquire.sequence, acquire.source, acquire.destination, acquire.protocol, Mode::transport, 0};
  if (acquire.wanted >= acquire.policy.spec.templates.size()) return it;
  it.mode = acquire.policy.spec.templates[acquire.wanted].mode;
  it.reqid = acquire.policy.spec.templates[acquire.wanted].reqid;
  return it;
}
}  // namespace

void AcquireHandler::handle(const Acquire& acquire, const PolicySet& set) {
  if (!is_our_owner(acquire.policy.spec.owner)) return;  // another program's policy, and its business
  ++acquires_;
  remember(acquire.flow);
  const auto protection = set.keying.protection_for(acquire.flow);
  if (protection && protection->exclusive && has_no_port_yet(acquire.flow)) return release_(unanswered(acquire));
  if (protection) return order_(*protection, unanswered(acquire));
  // The policy has just been replaced, or the packet is for no single host.
  record_refusal(acquire.flow);
}

bool AcquireHandler::is_for(const Acquire& acquire, const PolicySet& set) {
  const auto protection = set.keying.protection_for(acquire.flow);
  return protection && protection->reqid == unanswered(acquire).reqid;
}

void AcquireHandler::remember(const Flow& flow) {
  constexpr std::size_t most = 256;
  recent_.emplace_back(loop_.now(), flow);
  if (recent_.size() > most) recent_.pop_front();
}

std::vector<Flow> AcquireHandler::recent() const {
  constexpr Duration minute{60'000};
  std::vector<Flow> flows;
  for (const auto& [when, flow] : recent_)
    if (loop_.now() - when < minute) flows.push_back(flow);
  return flows;
}

void AcquireHandler::record_refusal(const Flow& flow) {
  const auto now = loop_.now();
  if (refused_before_ && now - last_refusal_ < between_refusals) return;
  refused_before_ = true;
  last_refusal_ = now;
  audit_.record(audit::acquire_no_policy, {{"flow", flow.to_string()}});
}

}  // namespace ipsec9000
