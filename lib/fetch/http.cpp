#include <openssl/err.h>
#include <openssl/http.h>
#include <openssl/httperr.h>

#include <cstring>
#include <memory>

#include "base/text.hpp"
#include "fetch/fetch.hpp"
#include "fetch/reasons.hpp"
#include "pki/crl.hpp"

namespace ipsec9000::fetch {

namespace {
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

struct Url {
  std::string host, port, path;
};

Result<Url> parse(const std::string& url) {
  char *host = nullptr, *port = nullptr, *path = nullptr;
  int secure = 0;
  const bool good =
      OSSL_HTTP_parse_url(url.c_str(), &secure, nullptr, &host, &port, nullptr, &path, nullptr, nullptr) == 1;
  Url parts;
  if (good) parts = {host, port, path};
  OPENSSL_free(host);
  OPENSSL_free(port);
  OPENSSL_free(path);
  ERR_clear_error();
  if (!good || secure != 0) return Error{ErrorCode::invalid_input, "not an http:// URL"};
  return parts;
}

Result<Bytes> all_of(BIO* answer, const std::string& url, std::size_t maximum) {
  if (answer == nullptr) return explained(http_error(maximum), url);
  Bytes bytes;
  std::uint8_t part[16384];
  int length = 0;
  while (bytes.size() <= maximum && (length = BIO_read(answer, part, sizeof part)) > 0)
    bytes.insert(bytes.end(), part, part + length);
  if (bytes.size() > maximum) return too_large(maximum);
  return bytes;
}
}  // namespace

Error too_large(std::size_t maximum) {
  return Error{ErrorCode::refused, "the answer is larger than " + std::to_string(maximum >> 10) + " KBytes"};
}

// OpenSSL says the cause first and then, one after the other, what it kept from being done.
std::string openssl_reasons() {
  std::string text;
  while (const auto code = ERR_get_error()) {
    const char* reason =
        ERR_SYSTEM_ERROR(code) ? std::strerror(static_cast<int>(ERR_GET_REASON(code))) : ERR_reason_error_string(code);
    if (reason == nullptr || text.find(reason) != std::string::npos || text.size() > 200) continue;
    text += (text.empty() ? "" : ", ") + escape_control(reason);
  }
  return text;
}

Error http_error(std::size_t maximum) {
  const auto first = ERR_peek_error();
  const bool large = ERR_GET_LIB(first) == ERR_LIB_HTTP && ERR_GET_REASON(first) == HTTP_R_MAX_RESP_LEN_EXCEEDED;
  // What the server itself says is an answer, however unwelcome.
  const bool answered =
      ERR_GET_LIB(first) == ERR_LIB_HTTP &&
      (ERR_GET_REASON(first) == HTTP_R_RECEIVED_ERROR || ERR_GET_REASON(first) == HTTP_R_STATUS_CODE_UNSUPPORTED ||
       ERR_GET_REASON(first) == HTTP_R_UNEXPECTED_CONTENT_TYPE);
  auto reasons = openssl_reasons();
  if (large) return too_large(maximum);
  return Error{answered ? ErrorCode::invalid_input : ErrorCode::io, reasons.empty() ? "no answer" : reasons};
}

Result<Bytes> http_get(const std::string& url, std::size_t maximum, unsigned patience) {
  if (auto parts = parse(url); !parts) return parts.error();
  const BioPtr answer(OSSL_HTTP_get(url.c_str(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, 0, nullptr,
                                    nullptr, 1, maximum, static_cast<int>(patience)));
  return all_of(answer.get(), url, maximum);
}

Result<Bytes> http_post(const std::string& url, ByteView body, const char* body_type, const char* answer_type,
                        std::size_t maximum, unsigned patience) {
  const auto parts = parse(url);
  if (!parts) return parts.error();
  const BioPtr request(BIO_new_mem_buf(body.data(), static_cast<int>(body.size())));
  const BioPtr answer(OSSL_HTTP_transfer(nullptr, parts->host.c_str(), parts->port.c_str(), parts->path.c_str(), 0,
                                         nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, 0, nullptr, body_type,
                                         request.get(), answer_type, 1, maximum, static_cast<int>(patience), 0));
  return all_of(answer.get(), url, maximum);
}

}  // namespace ipsec9000::fetch
