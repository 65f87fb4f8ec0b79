#include "ike/nat_traversal.hpp"

#include <algorithm>

#include "crypto/hash.hpp"

namespace ipsec9000::ike {

namespace {
constexpr std::size_t marker_size = 4;
}

Bytes nat_discovery_hash(HashAlgorithm hash, const wire::Cookies& cookies, const Endpoint& end) {
  const auto input = Writer()
                         .u64(static_cast<std::uint64_t>(cookies.initiator))
                         .u64(static_cast<std::uint64_t>(cookies.responder))
                         .bytes(end.address.bytes())
                         .u16(end.port)
                         .take();
  return digest(hash, {input});
}

std::vector<wire::Payload> nat_discovery_payloads(HashAlgorithm hash, const wire::Cookies& cookies,
                                                  const Endpoint& local, const Endpoint& remote) {
  return {wire::NatDiscovery{nat_discovery_hash(hash, cookies, remote)},
          wire::NatDiscovery{nat_discovery_hash(hash, cookies, local)}};
}

NatFound find_nat(HashAlgorithm hash, const wire::Cookies& cookies, const std::vector<Bytes>& received,
                  const Endpoint& local, const Endpoint& remote) {
  if (received.size() < 2) return {};
  const auto theirs = nat_discovery_hash(hash, cookies, remote);
  return {received.front() != nat_discovery_hash(hash, cookies, local),
          std::find(received.begin() + 1, received.end(), theirs) == received.end()};
}

Bytes frame(std::uint16_t local_port, const Bytes& message) {
  if (local_port != nat_traversal_port) return message;
  Bytes framed(marker_size);
  append(framed, message);
  return framed;
}

std::optional<ByteView> unframe(std::uint16_t local_port, ByteView datagram) {
  if (local_port != nat_traversal_port) return datagram;
  const bool marked = datagram.size() >= marker_size && std::all_of(datagram.begin(), datagram.begin() + marker_size,
                                                                    [](auto byte) { return byte == 0; });
  if (!marked) return std::nullopt;
  return datagram.subspan(marker_size);
}

bool is_keepalive(ByteView datagram) { return datagram.size() == 1 && datagram.front() == keepalive_byte; }

}  // namespace ipsec9000::ike
