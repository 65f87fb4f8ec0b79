#include "model/identity.hpp"

#include "base/text.hpp"
#include "crypto/distinguished_name.hpp"

namespace ipsec9000 {

Identity Identity::of(const IpAddress& address) {
  return Identity{address.is_ipv4() ? IdType::ipv4_address : IdType::ipv6_address, to_bytes(address.bytes())};
}

static bool is_domain_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  for (const char c : text) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                         c == '.' || c == '_' || c == '*';
    if (!allowed) return false;
  }
  return true;
}

Result<Identity> Identity::parse(std::string_view text) {
  if (auto address = IpAddress::parse(text)) return of(*address);
  if (text.find('=') != std::string_view::npos) {
    auto der = distinguished_name_to_der(text);
    if (!der) return der.error();
    return Identity{IdType::der_dn, std::move(*der)};
  }
  const auto at = text.find('@');
  const auto domain = at == std::string_view::npos ? text : text.substr(at + 1);
  if (!is_domain_name(domain) || at == 0 || escape_control(text) != text || text.size() > 512)
    return Error{ErrorCode::invalid_input,
                 "\"" + escape_control(text) +
                     "\" is no identity: an address, a host name, user@host, or a distinguished name (CN=...)"};
  return Identity{at == std::string_view::npos ? IdType::fqdn : IdType::user_fqdn, to_bytes(as_bytes(text))};
}

std::string Identity::to_string() const {
  const std::string_view text(reinterpret_cast<const char*>(value.data()), value.size());
  switch (type) {
    case IdType::ipv4_address:
    case IdType::ipv6_address:
      if (auto address = IpAddress::from_bytes(value)) return address->to_string();
      break;
    case IdType::fqdn:
    case IdType::user_fqdn:
      return escape_control(text);
    case IdType::der_dn:
      if (auto name = distinguished_name_to_text(value)) return escape_control(*name);
      break;
    default:
      break;
  }
  return "identity type " + std::to_string(static_cast<unsigned>(type)) + " " + to_hex(value);
}

}  // namespace ipsec9000
