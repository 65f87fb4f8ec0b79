// Who a peer says it is (RFC 2407, 4.6.2; RFC 7296, 3.5).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/address.hpp"
#include "base/bytes.hpp"

namespace ipsec9000 {

enum class IdType : std::uint8_t {
  ipv4_address = 1,
  fqdn = 2,
  user_fqdn = 3,
  ipv4_subnet = 4,
  ipv6_address = 5,
  ipv6_subnet = 6,
  ipv4_range = 7,
  ipv6_range = 8,
  der_dn = 9,
  der_gn = 10,
  key_id = 11,
};

struct Identity {
  IdType type = IdType::ipv4_address;
  Bytes value;  // as it goes on the wire

  // "10.1.0.1", "fd00::1", "host.example", "user@host.example", "C=DE, CN=host"
  static Result<Identity> parse(std::string_view text);
  static Identity of(const IpAddress& address);
  std::string to_string() const;  // safe to show; unknown types in hex
  auto operator<=>(const Identity&) const = default;
};

}  // namespace ipsec9000
