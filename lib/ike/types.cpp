#include "ike/types.hpp"

namespace ipsec9000::ike {

Result<DhOutcome> perform(const DhJob& job) {
  DhOutcome outcome{job.ours, nullptr};
  if (!outcome.ours) {
    auto made = dh_generate(job.group);
    if (!made) return made.error();
    outcome.ours = std::make_shared<const DhKeyPair>(std::move(*made));
  }
  if (job.peer) {
    auto shared = dh_derive(*outcome.ours, *job.peer);
    if (!shared) return shared.error();
    outcome.shared = std::make_shared<const Secret>(std::move(*shared));
  }
  return outcome;
}

Refusal bad_packet(std::string reason) {
  Refusal refusal;
  refusal.event = &audit::bad_packet;
  refusal.fields = {{"reason", std::move(reason)}};
  return refusal;
}

Refusal unexpected(std::string reason) {
  Refusal refusal;
  refusal.event = &audit::unexpected_message;
  refusal.fields = {{"reason", std::move(reason)}};
  return refusal;
}

}  // namespace ipsec9000::ike
