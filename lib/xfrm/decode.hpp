// XFRM's messages as values. Pure: each decoder takes what follows the netlink header, and fails on bytes that are too
// short or that contradict themselves.
#pragma once
#include <optional>

#include "base/bytes.hpp"
#include "xfrm/message.hpp"
#include "xfrm/types.hpp"

namespace ipsec9000 {

Result<PolicyState> decode_policy(ByteView payload);  // XFRM_MSG_NEWPOLICY, XFRM_MSG_UPDPOLICY
// The same of one that matches the packet; nothing of others, of which no more than the selector is looked at.
Result<std::optional<PolicyState>> decode_policy_for(ByteView payload, const Flow& flow, PolicyDirection direction);
Result<SaState> decode_sa(ByteView payload, Keys keys);   // XFRM_MSG_NEWSA, XFRM_MSG_UPDSA
Result<DefaultActions> decode_default(ByteView payload);  // XFRM_MSG_GETDEFAULT
Result<SpdInfo> decode_spd_info(ByteView payload);        // XFRM_MSG_NEWSPDINFO
Result<SadInfo> decode_sad_info(ByteView payload);        // XFRM_MSG_NEWSADINFO

// A message of the multicast groups; nothing for a type that means nothing to us.
Result<std::optional<Event>> decode_event(const Message& message);

}  // namespace ipsec9000
