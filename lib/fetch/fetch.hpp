// Talks to the servers of a CA: HTTP, LDAP, OCSP. Everything here blocks: for a process of its own, or for a tool.
//
// Errors: io or timed_out when the server cannot be reached or does not answer, anything else for what it answers.
#pragma once
#include <string>

#include "base/bytes.hpp"
#include "base/json_fwd.hpp"
#include "base/result.hpp"

namespace ipsec9000::fetch {

inline constexpr unsigned fetch_seconds = 20;  // for name, connection and answer together

// http:// only. `patience`: seconds, however slowly or boundlessly the server answers.
Result<Bytes> http_get(const std::string& url, std::size_t maximum, unsigned patience = fetch_seconds);
Result<Bytes> http_post(const std::string& url, ByteView body, const char* body_type, const char* answer_type,
                        std::size_t maximum, unsigned patience = fetch_seconds);

// One value of the attribute that the URL names (RFC 4516), else of certificateRevocationList;binary. Whatever
// the server sends: not much more than `maximum`, and a megabyte, is taken.
Result<Bytes> ldap_get(const std::string& url, std::size_t maximum, unsigned patience = fetch_seconds);

// Certificates of CAs, in PEM: what of the URL's attribute of a directory's entry can be read, or by http:// the
// certificate, or PKCS#7 of several (RFC 5280, 4.2.2.1).
Result<Bytes> fetch_authorities(const std::string& url);

// A CRL of at most pki::crl_bytes_maximum, from http:// or ldap://.
Result<Bytes> fetch_crl(const std::string& url);

struct Server {
  std::string host;
  std::uint16_t port = 0;
};
Result<Server> server_of(const std::string& url);  // http:// and ldap://

}  // namespace ipsec9000::fetch
