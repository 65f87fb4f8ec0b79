#include <ldap.h>

#include <memory>

#include "base/text.hpp"
#include "fetch/fetch.hpp"
#include "fetch/reasons.hpp"
#include "pki/crl.hpp"
#include "pki/pem.hpp"

namespace ipsec9000::fetch {

namespace {
struct FreeUrl {
  void operator()(LDAPURLDesc* url) const { ldap_free_urldesc(url); }
};
struct CloseLdap {
  void operator()(LDAP* ldap) const { ldap_unbind_ext_s(ldap, nullptr, nullptr); }
};
struct FreeMessage {
  void operator()(LDAPMessage* message) const { ldap_msgfree(message); }
};
struct FreeValues {
  void operator()(berval** values) const { ldap_value_free_len(values); }
};

constexpr std::size_t values_maximum = 16;

Error ldap_error(const char* what, int code) {
  const bool away = code == LDAP_SERVER_DOWN || code == LDAP_CONNECT_ERROR || code == LDAP_UNAVAILABLE;
  const bool late = code == LDAP_TIMEOUT || code == LDAP_TIMELIMIT_EXCEEDED;
  return Error{away   ? ErrorCode::io
               : late ? ErrorCode::timed_out
                      : ErrorCode::invalid_input,
               std::string(what) + ": " + escape_control(ldap_err2string(code))};
}

Result<std::vector<Bytes>> values_of(LDAP* ldap, LDAPMessage* found, const char* attribute, std::size_t maximum) {
  auto* entry = ldap_first_entry(ldap, found);
  if (entry == nullptr) return Error{ErrorCode::not_found, "the directory has no such entry"};
  const std::unique_ptr<berval*, FreeValues> values(ldap_get_values_len(ldap, entry, attribute));
  if (!values || values.get()[0] == nullptr)
    return Error{ErrorCode::not_found, "the directory's entry has no " + std::string(attribute)};
  std::vector<Bytes> read;
  for (auto** value = values.get(); *value != nullptr && read.size() < values_maximum; ++value) {
    if ((*value)->bv_len > maximum) return too_large(maximum);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>((*value)->bv_val);
    read.emplace_back(bytes, bytes + (*value)->bv_len);
  }
  return read;
}

Result<std::vector<Bytes>> look_up(const std::string& url, std::size_t maximum) {
  LDAPURLDesc* parsed = nullptr;
  if (ldap_url_parse(url.c_str(), &parsed) != 0) return Error{ErrorCode::invalid_input, "not an LDAP URL"};
  const std::unique_ptr<LDAPURLDesc, FreeUrl> parts(parsed);
  const std::string server = "ldap://" + std::string(parts->lud_host == nullptr ? "" : parts->lud_host) + ":" +
                             std::to_string(parts->lud_port == 0 ? LDAP_PORT : parts->lud_port);
  LDAP* opened = nullptr;
  if (const int code = ldap_initialize(&opened, server.c_str()); code != LDAP_SUCCESS)
    return ldap_error("no connection", code);
  const std::unique_ptr<LDAP, CloseLdap> ldap(opened);
  const int version = LDAP_VERSION3;
  timeval patience{fetch_seconds / 2, 0};
  ldap_set_option(opened, LDAP_OPT_PROTOCOL_VERSION, &version);
  ldap_set_option(opened, LDAP_OPT_NETWORK_TIMEOUT, &patience);
  ldap_set_option(opened, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
  std::string attribute = parts->lud_attrs != nullptr && parts->lud_attrs[0] != nullptr
                              ? parts->lud_attrs[0]
                              : "certificateRevocationList;binary";
  if (attribute == "certificateRevocationList" || attribute == "cACertificate")
    attribute += ";binary";  // RFC 4523: never without
  char* wanted[] = {attribute.data(), nullptr};
  LDAPMessage* found = nullptr;
  const int code = ldap_search_ext_s(opened, parts->lud_dn == nullptr ? "" : parts->lud_dn, parts->lud_scope,
                                     parts->lud_filter, wanted, 0, nullptr, nullptr, &patience, 1, &found);
  const std::unique_ptr<LDAPMessage, FreeMessage> answer(found);
  if (code != LDAP_SUCCESS && code != LDAP_SIZELIMIT_EXCEEDED) return ldap_error("the directory", code);
  return values_of(opened, found, attribute.c_str(), maximum);
}
}  // namespace

Result<Bytes> ldap_get(const std::string& url, std::size_t maximum) {
  auto values = look_up(url, maximum);
  if (!values) return values.error();
  return std::move(values->front());
}

Result<Bytes> fetch_authorities(const std::string& url) {
  const auto values = look_up(url, pki::certificate_bytes_maximum);
  if (!values) return values.error();
  std::string text;
  for (const auto& value : *values)
    if (const auto certificate = pki::Certificate::parse(value)) text += pki::certificate_pem(*certificate);
  if (text.empty()) return Error{ErrorCode::invalid_input, "the directory's entry has no certificate that can be read"};
  return to_bytes(as_bytes(text));
}

Result<Bytes> fetch_crl(const std::string& url) {
  if (url.starts_with("http://")) return http_get(url, pki::crl_bytes_maximum);
  if (url.starts_with("ldap://")) return ldap_get(url, pki::crl_bytes_maximum);
  return Error{ErrorCode::unsupported, "neither http:// nor ldap://"};
}

// scheme://host[:port]/..., where host may be an IPv6 address in brackets.
Result<Server> server_of(const std::string& url) {
  const bool ldap = url.starts_with("ldap://");
  if (!ldap && !url.starts_with("http://")) return Error{ErrorCode::unsupported, "neither http:// nor ldap://"};
  auto rest = url.substr(7, url.find_first_of("/?", 7) - 7);
  Server server{"", static_cast<std::uint16_t>(ldap ? LDAP_PORT : 80)};
  const auto bracket = rest.find(']');
  const auto colon = rest.find(':', bracket == std::string::npos ? 0 : bracket);
  if (colon != std::string::npos) {
    const auto port = parse_number(rest.substr(colon + 1), UINT16_MAX);
    if (!port) return Error{ErrorCode::invalid_input, "no such port"};
    server.port = static_cast<std::uint16_t>(*port);
    rest.resize(colon);
  }
  server.host = rest.starts_with('[') && rest.ends_with(']') ? rest.substr(1, rest.size() - 2) : rest;
  if (server.host.empty()) return Error{ErrorCode::invalid_input, "a URL without a host"};
  return server;
}

}  // namespace ipsec9000::fetch
