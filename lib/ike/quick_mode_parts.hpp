// What both roles of Quick Mode share. Internal to lib/ike.
#pragma once
#include "ike/quick_mode.hpp"

namespace ipsec9000::ike::quick_mode {

wire::Header header_of(const Context& context);
// The client identities of a selector, seen from the initiator: IDci, IDcr.
std::vector<wire::Payload> identities_of(const Selector& selector, Role role);
// The ends' own addresses, for a peer that sees others (RFC 3947, 5.2): only in transport mode through translation.
std::vector<wire::Payload> original_addresses(Mode mode, Role role, const Context& context);
Terms terms_for(const Context& context);  // of what we offer
std::optional<UdpPath> udp_path_of(Path path, const Context& context);
// A payload of a type that is nobody's (RFC 2408, 5.3); those from 128 on are private, and ignored.
std::optional<Refusal> unknown_payload(const wire::DecodedChain& chain);
Refusal bad_hash();
Refusal crypto_failed(const Error& error);
// Ours to take, but only those that a transform of the list needs.
Spis needed_spis(const std::vector<Transform>& transforms, const Spis& fresh);
Spis spis_for(const Transform& transform, const Spis& all);

}  // namespace ipsec9000::ike::quick_mode
