// Tables of what can be wrong in a message: a name each, and what is done to the good payloads.
#pragma once
#include <algorithm>
#include <functional>
#include <stdexcept>
#include <vector>

#include "support/primes.hpp"
#include "wire/message.hpp"

namespace ipsec9000::test {

using Payloads = std::vector<wire::Payload>;

// The first of its type.
template <class P>
P& the(Payloads& payloads) {
  for (auto& payload : payloads)
    if (auto* found = std::get_if<P>(&payload)) return *found;
  throw std::logic_error("no such payload");
}
template <class P>
void without(Payloads& payloads) {
  std::erase_if(payloads, [](const auto& payload) { return std::holds_alternative<P>(payload); });
}
template <class P>
void twice(Payloads& payloads) {
  payloads.push_back(P(the<P>(payloads)));
}
template <class P>
void emptied(Payloads& payloads) {
  the<P>(payloads).value.clear();
}
inline void unknown_payload(Payloads& payloads) { payloads.push_back(wire::Unknown{99, Bytes(8)}); }

inline wire::SecurityAssociation& sa(Payloads& payloads) { return the<wire::SecurityAssociation>(payloads); }
inline wire::TransformPayload& transform(Payloads& payloads) { return sa(payloads).proposals[0].transforms[0]; }
inline void set_attribute(Payloads& payloads, std::uint16_t type, wire::Attribute value) {
  for (auto& attribute : transform(payloads).attributes)
    if (attribute.type == type) attribute = value;
}
inline void set_attribute(Payloads& payloads, std::uint16_t type, std::uint32_t value) {
  set_attribute(payloads, type, wire::Attribute::of(type, value));
}

inline Payloads payloads_of(const wire::DecodedChain& chain) {
  Payloads payloads;
  for (const auto& each : chain.payloads) payloads.push_back(each.value);
  return payloads;
}
// Of a message in clear.
inline Payloads payloads_of(const wire::Header& header, ByteView message) {
  return payloads_of(*wire::decode_chain(header.next_payload, message.subspan(wire::header_size)));
}

struct Evil {
  const char* what;
  std::function<void(Payloads&)> change;
};

template <class... Lists>
std::vector<Evil> joined(const Lists&... lists) {
  std::vector<Evil> all;
  (all.insert(all.end(), lists.begin(), lists.end()), ...);
  return all;
}

// Public values that no peer of MODP2048 may send.
inline std::vector<std::pair<const char*, Bytes>> evil_public_values() {
  Bytes one(256);
  one.back() = 1;
  auto below = modp2048_prime();
  --below.back();
  return {{"public value 0", Bytes(256)},
          {"public value 1", one},
          {"public value p-1", below},
          {"public value p", modp2048_prime()},
          {"a public value above p", Bytes(256, 0xff)},
          {"a short public value", Bytes(255, 1)},
          {"a long public value", Bytes(257, 1)},
          {"an empty public value", {}}};
}
// The same as changes of a KE payload that is there.
inline std::vector<Evil> evil_keys() {
  std::vector<Evil> changes;
  for (const auto& [what, bytes] : evil_public_values())
    changes.push_back({what, [value = bytes](Payloads& p) { the<wire::KeyExchange>(p).value = value; }});
  return changes;
}

// Of every message with a nonce.
inline std::vector<Evil> evil_nonces() {
  const auto of_size = [](std::size_t size) { return [size](Payloads& p) { the<wire::Nonce>(p).value.resize(size); }; };
  return {{"no NONCE", without<wire::Nonce>},
          {"NONCE twice", twice<wire::Nonce>},
          {"an empty nonce", emptied<wire::Nonce>},
          {"a nonce of 7 bytes", of_size(7)},
          {"a nonce of 257 bytes", of_size(257)}};
}

// Of every message with an SA payload.
inline const std::vector<Evil> evil_sas{
    {"no SA", without<wire::SecurityAssociation>},
    {"the SA twice", twice<wire::SecurityAssociation>},
    {"another DOI", [](Payloads& p) { sa(p).doi = 7; }},
    {"an unknown situation", [](Payloads& p) { sa(p).situation = 0xffff; }},
    {"no proposals", [](Payloads& p) { sa(p).proposals.clear(); }},
    {"an unknown protocol", [](Payloads& p) { sa(p).proposals[0].protocol = 99; }},
    {"no transforms", [](Payloads& p) { sa(p).proposals[0].transforms.clear(); }},
    {"an unknown transform", [](Payloads& p) { transform(p).id = 250; }},
    {"no attributes", [](Payloads& p) { transform(p).attributes.clear(); }},
};

// Of every message that offers an ISAKMP SA, or takes one.
inline const std::vector<Evil> evil_isakmp_sas{
    {"an unknown cipher", [](Payloads& p) { set_attribute(p, 1, 999); }},
    {"an unknown hash", [](Payloads& p) { set_attribute(p, 2, 999); }},
    {"an unknown method", [](Payloads& p) { set_attribute(p, 3, 999); }},
    {"an unknown group", [](Payloads& p) { set_attribute(p, 4, 999); }},
    {"a key length of no cipher", [](Payloads& p) { set_attribute(p, 14, 7); }},
    {"a cipher of 40 bytes",
     [](Payloads& p) {
       set_attribute(p, 1, wire::Attribute{1, Bytes(40, 0xff)});
     }},
    {"the SA last", [](Payloads& p) { p.insert(p.begin(), wire::VendorId{Bytes(16)}); }},
    {"a payload of an unknown type", unknown_payload},
    {"nothing at all", [](Payloads& p) { p.clear(); }},
};

// Of every message that takes an ISAKMP SA: one proposal and one transform.
inline const std::vector<Evil> evil_choices{
    {"two proposals", [](Payloads& p) { sa(p).proposals.push_back(sa(p).proposals[0]); }},
    {"two transforms", [](Payloads& p) { sa(p).proposals[0].transforms.push_back(transform(p)); }},
    {"ESP instead of ISAKMP", [](Payloads& p) { sa(p).proposals[0].protocol = 3; }},
};

// Of every proof of identity by a key: a HASH that covers the ID.
inline const std::vector<Evil> evil_hashes{
    {"no HASH", without<wire::Hash>},
    {"HASH twice", twice<wire::Hash>},
    {"a short HASH", [](Payloads& p) { the<wire::Hash>(p).value.pop_back(); }},
    {"a long HASH", [](Payloads& p) { the<wire::Hash>(p).value.push_back(0); }},
    {"an empty HASH", emptied<wire::Hash>},
    {"another HASH", [](Payloads& p) { the<wire::Hash>(p).value.front() ^= 1; }},
};
inline const std::vector<Evil> evil_identities{
    {"no ID", without<wire::Identification>},
    {"ID twice", twice<wire::Identification>},
    {"another ID", [](Payloads& p) { the<wire::Identification>(p).value.back() ^= 1; }},
    {"an ID of an unknown type", [](Payloads& p) { the<wire::Identification>(p).id_type = 200; }},
    {"an empty ID", emptied<wire::Identification>},
    {"a long ID", [](Payloads& p) { the<wire::Identification>(p).value.resize(2000); }},
};

}  // namespace ipsec9000::test
