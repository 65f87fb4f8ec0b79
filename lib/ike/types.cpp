#include "ike/types.hpp"

namespace ipsec9000::ike {

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
