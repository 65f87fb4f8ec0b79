#include <algorithm>

#include "xfrm/decode.hpp"
#include "xfrm/decode_parts.hpp"

namespace ipsec9000 {

namespace decode_parts {

Error too_short(std::string_view what, std::size_t size, std::size_t wanted) {
  return Error{ErrorCode::truncated, std::string(what) + ": " + std::to_string(size) + " bytes instead of at least " +
                                         std::to_string(wanted)};
}

Result<std::optional<Mark>> mark(const Attributes& attributes) {
  const auto raw = attributes.get<xfrm_mark>(XFRMA_MARK);
  if (!raw) return raw.error();
  // The kernel reports a policy or an SA without a mark by a mark of 0/0 or by none, depending on the message.
  if (!*raw || ((*raw)->v == 0 && (*raw)->m == 0)) return std::optional<Mark>{};
  return std::optional(Mark{(*raw)->v, (*raw)->m});
}

static Template one_template(const xfrm_user_tmpl& raw, Family family) {
  Template layer;
  layer.protocol = static_cast<SaProtocol>(raw.id.proto);
  layer.mode = static_cast<Mode>(raw.mode);
  layer.reqid = raw.reqid;
  layer.optional = raw.optional != 0;
  const auto source = abi::address(raw.saddr, family);
  const auto destination = abi::address(raw.id.daddr, family);
  if (!source.is_any() || !destination.is_any()) layer.endpoints = TunnelEndpoints{source, destination};
  return layer;
}

Result<std::vector<Template>> templates(const Attributes& attributes, std::vector<Family>& families) {
  std::vector<Template> layers;
  const auto bytes = attributes.find(XFRMA_TMPL);
  if (!bytes) return layers;
  if (bytes->size() % sizeof(xfrm_user_tmpl) != 0 || bytes->size() / sizeof(xfrm_user_tmpl) > maximum_templates)
    return Error{ErrorCode::invalid_input, "policy templates of " + std::to_string(bytes->size()) + " bytes"};
  for (std::size_t at = 0; at < bytes->size(); at += sizeof(xfrm_user_tmpl)) {
    const auto raw = *read_structure<xfrm_user_tmpl>(bytes->subspan(at));
    const auto family = abi::family(raw.family);
    if (!family) return family.error().within("a policy template");
    families.push_back(*family);
    layers.push_back(one_template(raw, *family));
  }
  return layers;
}

Result<PolicyState> policy(const xfrm_userpolicy_info& info, const Attributes& attributes) {
  PolicyState state;
  auto selector = abi::selector(info.sel);
  if (!selector) return selector.error().within("a policy's selector");
  std::vector<Family> families;
  auto layers = templates(attributes, families);
  if (!layers) return layers.error();
  auto policy_mark = mark(attributes);
  if (!policy_mark) return policy_mark.error();
  auto interface_id = attributes.get<std::uint32_t>(XFRMA_IF_ID);
  if (!interface_id) return interface_id.error();
  state.spec.selector = *selector;
  state.spec.direction = static_cast<PolicyDirection>(info.dir);
  state.spec.action = static_cast<PolicyAction>(info.action);
  state.spec.priority = info.priority;
  state.spec.templates = std::move(*layers);
  state.spec.owner = info.sel.user;
  state.spec.mark = *policy_mark;
  state.spec.interface_id = interface_id->value_or(0);
  state.spec.match_icmp_errors = (info.flags & XFRM_POLICY_ICMP) != 0;
  state.index = info.index;
  state.current = abi::current(info.curlft);
  return state;
}

}  // namespace decode_parts

Result<PolicyState> decode_policy(ByteView payload) {
  const auto message = decode_parts::split_message<xfrm_userpolicy_info>(payload, "a policy");
  if (!message) return message.error();
  return decode_parts::policy(message->head, message->attributes);
}

Result<std::optional<PolicyState>> decode_policy_for(ByteView payload, const Flow& flow, PolicyDirection direction) {
  const auto info = read_structure<xfrm_userpolicy_info>(payload);
  if (!info) return decode_parts::too_short("a policy", payload.size(), sizeof(xfrm_userpolicy_info));
  if (info->dir != static_cast<std::uint8_t>(direction)) return std::optional<PolicyState>{};
  const auto selector = abi::selector(info->sel);
  if (!selector) return selector.error().within("a policy's selector");
  if (!selector->matches(flow)) return std::optional<PolicyState>{};
  auto state = decode_policy(payload);
  if (!state) return state.error();
  return std::optional(std::move(*state));
}

Result<DefaultActions> decode_default(ByteView payload) {
  const auto raw = read_structure<xfrm_userpolicy_default>(payload);
  if (!raw) return decode_parts::too_short("the default actions", payload.size(), sizeof(xfrm_userpolicy_default));
  const auto action = [](std::uint8_t value) -> std::optional<PolicyAction> {
    if (value == XFRM_USERPOLICY_BLOCK) return PolicyAction::block;
    if (value == XFRM_USERPOLICY_ACCEPT) return PolicyAction::allow;
    return std::nullopt;
  };
  const DefaultActions actions{action(raw->in), action(raw->fwd), action(raw->out)};
  if (!actions.in || !actions.forward || !actions.out)
    return Error{ErrorCode::invalid_input, "a default action that is neither block nor accept"};
  return actions;
}

Result<SpdInfo> decode_spd_info(ByteView payload) {
  const auto message = decode_parts::split_message<std::uint32_t>(payload, "the policy database's figures");
  if (!message) return message.error();
  const auto counts = message->attributes.get<xfrmu_spdinfo>(XFRMA_SPD_INFO);
  if (!counts) return counts.error();
  if (!*counts) return Error{ErrorCode::truncated, "the policy database's figures are missing in the kernel's answer"};
  const auto hash = message->attributes.get<xfrmu_spdhinfo>(XFRMA_SPD_HINFO);
  if (!hash) return hash.error();
  SpdInfo info{(*counts)->incnt,
               (*counts)->outcnt,
               (*counts)->fwdcnt,
               (*counts)->inscnt,
               (*counts)->outscnt,
               *hash ? (*hash)->spdhcnt : 0,
               {}};
  const auto threshold = [&](std::uint16_t type) -> Result<std::optional<HashThreshold>> {
    const auto raw = message->attributes.get<xfrmu_spdhthresh>(type);
    if (!raw) return raw.error();
    if (!*raw) return std::optional<HashThreshold>{};
    return std::optional(HashThreshold{(*raw)->lbits, (*raw)->rbits});
  };
  const auto ipv4 = threshold(XFRMA_SPD_IPV4_HTHRESH);
  if (!ipv4) return ipv4.error();
  const auto ipv6 = threshold(XFRMA_SPD_IPV6_HTHRESH);
  if (!ipv6) return ipv6.error();
  info.thresholds = {*ipv4, *ipv6};
  return info;
}

}  // namespace ipsec9000
