#include "acquire_handler.hpp"

#include "audit/events.hpp"
#include "policy/compile.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration between_refusals{10'000};
}

void AcquireHandler::handle(const Acquire& acquire, const PolicySet& set) {
  if (!is_our_owner(acquire.policy.spec.owner)) return;  // another program's policy, and its business
  ++acquires_;
  const auto protection = set.keying.protection_for(acquire.flow);
  if (protection) return order_(*protection);
  // The policy has just been replaced, or the packet is for no single host.
  record_refusal(acquire.flow);
}

void AcquireHandler::record_refusal(const Flow& flow) {
  const auto now = loop_.now();
  if (refused_before_ && now - last_refusal_ < between_refusals) return;
  refused_before_ = true;
  last_refusal_ = now;
  audit_.record(audit::acquire_no_policy, {{"flow", flow.to_string()}});
}

}  // namespace ipsec9000
