// NAT traversal (RFC 3947, RFC 3948): how address translation is found, and the framing on UDP 4500. Pure functions.
#pragma once
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "crypto/algorithms.hpp"
#include "wire/message.hpp"

namespace ipsec9000::ike {

inline constexpr std::uint16_t ike_port = 500;
inline constexpr std::uint16_t nat_traversal_port = 4500;  // ISAKMP behind a marker, ESP, keepalives
inline constexpr std::uint8_t keepalive_byte = 0xff;       // the whole of a keepalive (RFC 3948, 2.3)

// Whose address is another one by the time a packet arrives.
struct NatFound {
  bool ours = false;
  bool peers = false;
  bool any() const { return ours || peers; }
  auto operator<=>(const NatFound&) const = default;
};

// HASH(CKY-I | CKY-R | address | port), the body of a NAT-D payload (RFC 3947, 3.2).
Bytes nat_discovery_hash(HashAlgorithm hash, const wire::Cookies& cookies, const Endpoint& end);
// What we send: the peer's end as we know it, then our own.
std::vector<wire::Payload> nat_discovery_payloads(HashAlgorithm hash, const wire::Cookies& cookies,
                                                  const Endpoint& local, const Endpoint& remote);
// From what the peer sent: the first is about our end, the others are all ends it may have. Fewer than two prove
// nothing, so nothing is found.
NatFound find_nat(HashAlgorithm hash, const wire::Cookies& cookies, const std::vector<Bytes>& received,
                  const Endpoint& local, const Endpoint& remote);

// An ISAKMP message as the payload of a UDP datagram from or to this local port: behind four zero bytes on 4500.
Bytes frame(std::uint16_t local_port, const Bytes& message);
// The message in a datagram that came to this local port; nothing when it is not framed as the port demands.
std::optional<ByteView> unframe(std::uint16_t local_port, ByteView datagram);
bool is_keepalive(ByteView datagram);

}  // namespace ipsec9000::ike
