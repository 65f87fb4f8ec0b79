#include <lber.h>
#include <ldap.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>

#include "base/text.hpp"
#include "fetch/fetch.hpp"
#include "fetch/reasons.hpp"
#include "pki/bundle.hpp"
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
constexpr std::size_t around_value = std::size_t{64} * 1024;  // the rest of the message that has it

using Clock = std::chrono::steady_clock;
constexpr auto look_interval = std::chrono::milliseconds(100);  // at what has come meanwhile

timeval time_until(Clock::time_point end) {
  const auto left =
      std::max(std::chrono::duration_cast<std::chrono::microseconds>(end - Clock::now()), std::chrono::microseconds(0));
  return {static_cast<time_t>(left.count() / 1'000'000), static_cast<suseconds_t>(left.count() % 1'000'000)};
}

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

std::size_t message_maximum(std::size_t value) {
  return std::max(value, values_maximum * pki::certificate_bytes_maximum) + around_value;
}

// The library believes whatever length a message says it has.
void bound_messages(LDAP* ldap, std::size_t maximum) {
  Sockbuf* socket = nullptr;
  ber_len_t most = message_maximum(maximum);
  if (ldap_get_option(ldap, LDAP_OPT_SOCKBUF, &socket) == LDAP_OPT_SUCCESS && socket != nullptr)
    ber_sockbuf_ctrl(socket, LBER_SB_OPT_SET_MAX_INCOMING, &most);
}

// What this server has sent so far. Notices that nobody asked for are kept by the library, or lost in it.
std::size_t received_bytes(LDAP* ldap) {
  int socket = -1;
  tcp_info facts{};
  socklen_t size = sizeof facts;
  if (ldap_get_option(ldap, LDAP_OPT_DESC, &socket) != LDAP_OPT_SUCCESS ||
      ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &facts, &size) != 0)
    return 0;
  return facts.tcpi_bytes_received;
}

// The message that has the entry. What else comes is passed over, as long as all of it is not more than is wanted.
Result<std::unique_ptr<LDAPMessage, FreeMessage>> first_entry(LDAP* ldap, int id, std::size_t maximum,
                                                              Clock::time_point end) {
  while (true) {
    if (received_bytes(ldap) > message_maximum(maximum)) return too_large(maximum);
    if (Clock::now() >= end) return ldap_error("the directory", LDAP_TIMEOUT);
    auto part = time_until(std::min(end, Clock::now() + look_interval));
    LDAPMessage* received = nullptr;
    errno = 0;
    const int kind = ldap_result(ldap, id, LDAP_MSG_ONE, &part, &received);
    const bool large = kind < 0 && errno == ERANGE;
    std::unique_ptr<LDAPMessage, FreeMessage> message(received);
    if (large) return too_large(maximum);
    if (kind == LDAP_RES_SEARCH_ENTRY) return message;
    if (kind == 0) continue;
    int code = LDAP_SUCCESS;
    if (kind < 0) ldap_get_option(ldap, LDAP_OPT_RESULT_CODE, &code);
    if (kind < 0) return ldap_error("the directory", code == LDAP_SUCCESS ? LDAP_SERVER_DOWN : code);
    if (kind != LDAP_RES_SEARCH_RESULT) continue;
    if (ldap_parse_result(ldap, received, &code, nullptr, nullptr, nullptr, nullptr, 0) != LDAP_SUCCESS)
      code = LDAP_DECODING_ERROR;
    if (code != LDAP_SUCCESS) return ldap_error("the directory", code);
    return Error{ErrorCode::not_found, "the directory has no such entry"};
  }
}

Result<std::vector<Bytes>> look_up(const std::string& url, std::size_t maximum, unsigned seconds) {
  LDAPURLDesc* parsed = nullptr;
  if (ldap_url_parse(url.c_str(), &parsed) != 0) return Error{ErrorCode::invalid_input, "not an LDAP URL"};
  const std::unique_ptr<LDAPURLDesc, FreeUrl> parts(parsed);
  const std::string server = "ldap://" + std::string(parts->lud_host == nullptr ? "" : parts->lud_host) + ":" +
                             std::to_string(parts->lud_port == 0 ? LDAP_PORT : parts->lud_port);
  LDAP* opened = nullptr;
  if (const int code = ldap_initialize(&opened, server.c_str()); code != LDAP_SUCCESS)
    return ldap_error("no connection", code);
  const std::unique_ptr<LDAP, CloseLdap> ldap(opened);
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  const int version = LDAP_VERSION3;
  const timeval connecting{static_cast<time_t>(seconds / 2), 0};
  ldap_set_option(opened, LDAP_OPT_PROTOCOL_VERSION, &version);
  ldap_set_option(opened, LDAP_OPT_NETWORK_TIMEOUT, &connecting);
  ldap_set_option(opened, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
  bound_messages(opened, maximum);
  std::string attribute = parts->lud_attrs != nullptr && parts->lud_attrs[0] != nullptr
                              ? parts->lud_attrs[0]
                              : "certificateRevocationList;binary";
  if (attribute == "certificateRevocationList" || attribute == "cACertificate")
    attribute += ";binary";  // RFC 4523: never without
  char* wanted[] = {attribute.data(), nullptr};
  int id = 0;
  timeval server_limit{static_cast<time_t>(seconds / 2), 0};
  if (const int code = ldap_search_ext(opened, parts->lud_dn == nullptr ? "" : parts->lud_dn, parts->lud_scope,
                                       parts->lud_filter, wanted, 0, nullptr, nullptr, &server_limit, 1, &id);
      code != LDAP_SUCCESS)
    return ldap_error("the directory", code);
  auto entry = first_entry(opened, id, maximum, end);
  if (!entry) return entry.error();
  return values_of(opened, entry->get(), attribute.c_str(), maximum);
}
}  // namespace

Result<Bytes> ldap_get(const std::string& url, std::size_t maximum, unsigned patience) {
  auto values = look_up(url, maximum, patience);
  if (!values) return values.error();
  return std::move(values->front());
}

Result<Bytes> fetch_authorities(const std::string& url) {
  std::string text;
  if (url.starts_with("http://")) {
    const auto file = http_get(url, values_maximum * pki::certificate_bytes_maximum);
    if (!file) return file.error();
    const auto bundle = pki::read_bundle(*file, {});
    if (!bundle) return bundle.error();
    for (const auto& certificate : bundle->certificates) text += pki::certificate_pem(certificate);
    if (text.empty()) return Error{ErrorCode::invalid_input, "there is no certificate in the answer"};
    return to_bytes(as_bytes(text));
  }
  const auto values = look_up(url, pki::certificate_bytes_maximum, fetch_seconds);
  if (!values) return values.error();
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
