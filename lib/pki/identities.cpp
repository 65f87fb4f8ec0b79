#include "pki/identities.hpp"

#include <openssl/err.h>

#include <algorithm>

#include "pki/openssl.hpp"

namespace ipsec9000::pki {

namespace {
NamePtr read_name(const Identity& identity) {
  const auto* at = identity.value.data();
  NamePtr name(identity.value.empty() ? nullptr
                                      : d2i_X509_NAME(nullptr, &at, static_cast<long>(identity.value.size())));
  ERR_clear_error();
  if (name && at != identity.value.data() + identity.value.size()) name.reset();
  return name;
}

char lower(std::uint8_t c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }

std::string lower_from(const Bytes& text, std::size_t start) {
  std::string out(text.begin(), text.end());
  for (std::size_t i = std::min(start, text.size()); i < text.size(); ++i) out[i] = lower(text[i]);
  return out;
}

// The part before the '@' is the mail server's own business (RFC 5321, 2.4).
std::string normal_text(const Identity& identity) {
  if (identity.type != IdType::user_fqdn) return lower_from(identity.value, 0);
  const auto at = std::ranges::find(identity.value, std::uint8_t{'@'});
  return lower_from(identity.value, static_cast<std::size_t>(at - identity.value.begin()));
}
}  // namespace

bool same_identity(const Identity& a, const Identity& b) {
  if (a.type != b.type || a.value.empty()) return false;
  if (a.value == b.value) return true;
  if (a.type == IdType::fqdn || a.type == IdType::user_fqdn) return normal_text(a) == normal_text(b);
  if (a.type != IdType::der_dn) return false;
  const auto left = read_name(a);
  const auto right = read_name(b);
  return left && right && X509_NAME_cmp(left.get(), right.get()) == 0;
}

bool has_name(const Certificate& certificate, const Identity& identity) {
  return std::ranges::any_of(certificate.names(), [&](const Identity& name) { return same_identity(name, identity); });
}

std::string identity_key(const Identity& identity) {
  auto key = std::to_string(static_cast<unsigned>(identity.type)) + ":";
  if (identity.type == IdType::fqdn || identity.type == IdType::user_fqdn) return key + normal_text(identity);
  if (identity.type != IdType::der_dn) return key + to_hex(identity.value);
  const auto name = read_name(identity);
  return key + (name ? std::to_string(X509_NAME_hash_ex(name.get(), nullptr, nullptr, nullptr)) : "");
}

std::string names_text(const Certificate& certificate) {
  std::string text;
  for (const auto& name : certificate.names()) text += (text.empty() ? "" : ", ") + name.to_string();
  return text.empty() ? "no name at all" : text;
}

}  // namespace ipsec9000::pki
