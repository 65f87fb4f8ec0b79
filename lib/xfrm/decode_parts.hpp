// Pieces that more than one decoder needs. Internal to lib/xfrm.
#pragma once
#include "xfrm/abi.hpp"
#include "xfrm/message.hpp"

namespace ipsec9000::decode_parts {

// The structure at the front of a message and the attributes behind it. The structure is padded to four bytes.
template <class Structure>
struct Split {
  Structure head;
  Attributes attributes;
};

Error too_short(std::string_view what, std::size_t size, std::size_t wanted);

template <class Structure>
Result<Split<Structure>> split_message(ByteView payload, std::string_view what) {
  const auto head = read_structure<Structure>(payload);
  if (!head) return too_short(what, payload.size(), sizeof(Structure));
  constexpr std::size_t padded = (sizeof(Structure) + 3) & ~std::size_t{3};
  auto attributes = Attributes::parse(payload.subspan(std::min(padded, payload.size())));
  if (!attributes) return attributes.error().within(what);
  return Split<Structure>{*head, *attributes};
}

Result<PolicyState> policy(const xfrm_userpolicy_info& info, const Attributes& attributes);
Result<SaState> sa(const xfrm_usersa_info& info, const Attributes& attributes, Keys keys);
Result<std::optional<Mark>> mark(const Attributes& attributes);

// The templates of XFRMA_TMPL; `families` gets the address family of each.
Result<std::vector<Template>> templates(const Attributes& attributes, std::vector<Family>& families);

}  // namespace ipsec9000::decode_parts
