#include "fetch.hpp"

#include <ldap.h>
#include <openssl/err.h>
#include <openssl/http.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <memory>

#include "base/text.hpp"
#include "pki/crl.hpp"

namespace ipsec9000 {

namespace {
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
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

Result<Bytes> fetch_http(const std::string& url) {
  const std::unique_ptr<BIO, FreeBio> answer(OSSL_HTTP_get(url.c_str(), nullptr, nullptr, nullptr, nullptr, nullptr,
                                                           nullptr, 0, nullptr, nullptr, 1, pki::crl_bytes_maximum,
                                                           fetch_seconds));
  if (!answer) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    return Error{ErrorCode::io, reason == nullptr ? "no answer" : reason};
  }
  Bytes bytes;
  std::uint8_t part[16384];
  int length = 0;
  while (bytes.size() < pki::crl_bytes_maximum && (length = BIO_read(answer.get(), part, sizeof part)) > 0)
    bytes.insert(bytes.end(), part, part + length);
  return bytes;
}

Error ldap_error(const char* what, int code) {
  return Error{ErrorCode::io, std::string(what) + ": " + escape_control(ldap_err2string(code))};
}

Result<Bytes> first_value(LDAP* ldap, LDAPMessage* found, const char* attribute) {
  auto* entry = ldap_first_entry(ldap, found);
  if (entry == nullptr) return Error{ErrorCode::not_found, "the directory has no such entry"};
  const std::unique_ptr<berval*, FreeValues> values(ldap_get_values_len(ldap, entry, attribute));
  if (!values || values.get()[0] == nullptr) return Error{ErrorCode::not_found, "the directory's entry has no CRL"};
  const auto& value = *values.get()[0];
  if (value.bv_len > pki::crl_bytes_maximum) return Error{ErrorCode::invalid_input, "the CRL is too large"};
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(value.bv_val);
  return Bytes(bytes, bytes + value.bv_len);
}

Result<Bytes> fetch_ldap(const std::string& url) {
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
  if (attribute == "certificateRevocationList") attribute += ";binary";  // RFC 4523: never without
  char* wanted[] = {attribute.data(), nullptr};
  LDAPMessage* found = nullptr;
  const int code = ldap_search_ext_s(opened, parts->lud_dn == nullptr ? "" : parts->lud_dn, parts->lud_scope,
                                     parts->lud_filter, wanted, 0, nullptr, nullptr, &patience, 1, &found);
  const std::unique_ptr<LDAPMessage, FreeMessage> answer(found);
  if (code != LDAP_SUCCESS && code != LDAP_SIZELIMIT_EXCEEDED) return ldap_error("the directory", code);
  return first_value(opened, found, attribute.c_str());
}

void write_all(const void* data, std::size_t size) {
  const auto* at = static_cast<const char*>(data);
  while (size > 0) {
    const auto written = ::write(STDOUT_FILENO, at, size);
    if (written <= 0) return;
    at += written;
    size -= static_cast<std::size_t>(written);
  }
}
}  // namespace

Result<Bytes> fetch_crl(const std::string& url) {
  if (url.starts_with("http://")) return fetch_http(url);
  if (url.starts_with("ldap://")) return fetch_ldap(url);
  return Error{ErrorCode::unsupported, "neither http:// nor ldap://"};
}

int fetch_main(const std::string& url) {
  ::alarm(fetch_seconds + 5);
  const rlimit memory{512UL << 20, 512UL << 20};
#ifndef IPSEC9000_SANITIZED
  ::setrlimit(RLIMIT_AS, &memory);
#endif
  static_cast<void>(memory);
  const auto crl = fetch_crl(url);
  if (crl)
    write_all(crl->data(), crl->size());
  else
    write_all(crl.error().text.data(), crl.error().text.size());
  return crl ? 0 : 1;
}

}  // namespace ipsec9000
