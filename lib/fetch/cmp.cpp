#include "fetch/cmp.hpp"

#include <openssl/cmp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "crypto/distinguished_name.hpp"
#include "fetch/fetch.hpp"
#include "fetch/reasons.hpp"
#include "pki/openssl.hpp"
#include "pki/request.hpp"

namespace ipsec9000::fetch {

namespace {
using ContextPtr = std::unique_ptr<OSSL_CMP_CTX, FreeBy<OSSL_CMP_CTX_free>>;
using OwnedStack =
    std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * s) { sk_X509_pop_free(s, X509_free); })>;
using BorrowedStack = std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * s) { sk_X509_free(s); })>;
constexpr std::size_t others_maximum = 20;

Error crypto_failure(const char* what) { return pki::openssl_error(ErrorCode::crypto, what); }

struct UrlParts {
  std::string host, path;
  int port = 0;
};

Result<UrlParts> parts_of(const std::string& url) {
  const auto server = server_of(url);
  if (!server) return server.error();
  if (!url.starts_with("http://")) return Error{ErrorCode::unsupported, "a manager is reached by http://"};
  const auto slash = url.find('/', 7);
  const bool bare_v6 = server->host.find(':') != std::string::npos;
  return UrlParts{bare_v6 ? "[" + server->host + "]" : server->host,
                  slash == std::string::npos ? std::string() : url.substr(slash + 1), server->port};
}

Result<ContextPtr> context_for(const std::string& url) {
  const auto parts = parts_of(url);
  if (!parts) return parts.error();
  ContextPtr context(OSSL_CMP_CTX_new(nullptr, nullptr));
  auto* c = context.get();
  const int patience = static_cast<int>(fetch_seconds);
  if (c == nullptr || OSSL_CMP_CTX_set1_server(c, parts->host.c_str()) != 1 ||
      OSSL_CMP_CTX_set_serverPort(c, parts->port) != 1 || OSSL_CMP_CTX_set1_serverPath(c, parts->path.c_str()) != 1 ||
      OSSL_CMP_CTX_set_option(c, OSSL_CMP_OPT_MSG_TIMEOUT, patience) != 1 ||
      OSSL_CMP_CTX_set_option(c, OSSL_CMP_OPT_TOTAL_TIMEOUT, patience) != 1 ||
      OSSL_CMP_CTX_set_option(c, OSSL_CMP_OPT_LOG_VERBOSITY, OSSL_CMP_LOG_EMERG) != 1)
    return crypto_failure("preparing CMP");
  return context;
}

Result<void> add_name(OSSL_CMP_CTX* context, const Identity& identity) {
  const bool address = identity.type == IdType::ipv4_address || identity.type == IdType::ipv6_address;
  if (!address && identity.type != IdType::fqdn && identity.type != IdType::user_fqdn)
    return Error{ErrorCode::invalid_input, "a name beside the subject is an address, a host name or user@host"};
  const std::unique_ptr<GENERAL_NAME, FreeBy<GENERAL_NAME_free>> name(GENERAL_NAME_new());
  auto* text = ASN1_STRING_type_new(address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
  if (!name || text == nullptr) return crypto_failure("a name");
  ASN1_STRING_set(text, identity.value.data(), static_cast<int>(identity.value.size()));
  GENERAL_NAME_set0_value(name.get(), address ? GEN_IPADD : identity.type == IdType::fqdn ? GEN_DNS : GEN_EMAIL, text);
  if (OSSL_CMP_CTX_push1_subjectAltName(context, name.get()) != 1) return crypto_failure("a name");
  return {};
}

Result<void> set_new_key(OSSL_CMP_CTX* context, const pki::PrivateKey& key) {
  EVP_PKEY_up_ref(key.native());
  if (OSSL_CMP_CTX_set0_newPkey(context, 1, key.native()) == 1) return {};
  EVP_PKEY_free(key.native());
  return crypto_failure("the new key");
}

void take(std::vector<pki::Certificate>& into, STACK_OF(X509) * owned) {
  const OwnedStack stack(owned);
  for (int i = 0; owned != nullptr && i < sk_X509_num(owned) && into.size() < others_maximum; ++i) {
    unsigned char* der = nullptr;
    const int length = i2d_X509(sk_X509_value(owned, i), &der);
    if (length < 0) continue;
    auto certificate = pki::Certificate::parse(ByteView(der, static_cast<std::size_t>(length)));
    OPENSSL_free(der);
    if (certificate && certificate->is_ca()) into.push_back(std::move(*certificate));
  }
}

// The CA's own words where it refused, else OpenSSL's.
Error failure_of(OSSL_CMP_CTX* context) {
  char text[512] = {};
  const int status = OSSL_CMP_CTX_get_status(context);
  const bool said = status == OSSL_CMP_PKISTATUS_rejection || status == OSSL_CMP_PKISTATUS_waiting;
  if (said && OSSL_CMP_CTX_snprint_PKIStatus(context, text, sizeof text) != nullptr) {
    ERR_clear_error();
    return Error{ErrorCode::refused, "the manager answers " + escape_control(text)};
  }
  const auto library = ERR_GET_LIB(ERR_peek_error());
  const bool answered =
      library == ERR_LIB_CMP || library == ERR_LIB_ASN1 || library == ERR_LIB_X509 || library == ERR_LIB_CRMF;
  auto reasons = openssl_reasons();
  return Error{answered ? ErrorCode::refused : ErrorCode::io, reasons.empty() ? "no answer" : reasons};
}

Result<Enrolled> exchange(OSSL_CMP_CTX* context, int kind, const pki::PrivateKey& key, bool with_roots) {
  ERR_clear_error();
  const auto* made = OSSL_CMP_exec_certreq(context, kind, nullptr);
  if (made == nullptr) return failure_of(context);
  unsigned char* der = nullptr;
  const int length = i2d_X509(made, &der);
  if (length < 0) return crypto_failure("the new certificate");
  auto certificate = pki::Certificate::parse(ByteView(der, static_cast<std::size_t>(length)));
  OPENSSL_free(der);
  if (!certificate) return certificate.error();
  if (!key.belongs_to(*certificate))
    return Error{ErrorCode::refused, "the new certificate is for another key than was asked for"};
  Enrolled enrolled{std::move(*certificate), key, {}};
  if (with_roots) take(enrolled.others, OSSL_CMP_CTX_get1_caPubs(context));
  take(enrolled.others, OSSL_CMP_CTX_get1_newChain(context));
  ERR_clear_error();
  return enrolled;
}

BorrowedStack stack_of(const std::vector<pki::Certificate>& certificates) {
  BorrowedStack stack(sk_X509_new_null());
  for (const auto& certificate : certificates) sk_X509_push(stack.get(), certificate.native());
  return stack;
}
}  // namespace

Result<Enrolled> enrol(const Enrolment& enrolment, Adjust adjust, void* adjust_argument) {
  auto context = context_for(enrolment.url);
  if (!context) return context.error();
  auto* c = context->get();
  const auto subject = distinguished_name_to_der(enrolment.subject);
  if (!subject) return subject.error();
  const auto* at = subject->data();
  const pki::NamePtr name(d2i_X509_NAME(nullptr, &at, static_cast<long>(subject->size())));
  if (enrolment.reference.empty() || enrolment.secret.empty())
    return Error{ErrorCode::invalid_input, "a reference and a secret are needed, both from the CA"};
  const auto secret = enrolment.secret.view();
  if (!name || OSSL_CMP_CTX_set1_subjectName(c, name.get()) != 1 ||
      OSSL_CMP_CTX_set1_referenceValue(c, as_bytes(enrolment.reference).data(),
                                       static_cast<int>(enrolment.reference.size())) != 1 ||
      OSSL_CMP_CTX_set1_secretValue(c, secret.data(), static_cast<int>(secret.size())) != 1)
    return crypto_failure("preparing CMP");
  for (const auto& identity : enrolment.names)
    if (auto added = add_name(c, identity); !added) return added.error();
  if (auto set = set_new_key(c, enrolment.key); !set) return set.error();
  if (adjust != nullptr) adjust(c, adjust_argument);
  auto enrolled = exchange(c, OSSL_CMP_IR, enrolment.key, true);
  return enrolled ? std::move(enrolled) : explained(enrolled.error(), enrolment.url);
}

namespace {
// The CAs between the certificate and its root. OpenSSL fails on others, as on none.
std::vector<pki::Certificate> path_among(const std::vector<pki::Certificate>& helpers, const pki::Certificate& leaf) {
  std::vector<pki::Certificate> path;
  auto issuer = leaf.issuer_der();
  while (path.size() < helpers.size()) {
    const auto found =
        std::ranges::find_if(helpers, [&](const auto& helper) { return helper.subject_der() == issuer; });
    if (found == helpers.end()) break;
    path.push_back(*found);
    issuer = found->issuer_der();
  }
  return path;
}
}  // namespace

Result<Enrolled> renew(const Renewal& renewal, Adjust adjust, void* adjust_argument) {
  auto context = context_for(renewal.url);
  if (!context) return context.error();
  auto* c = context->get();
  const auto path = path_among(renewal.helpers, renewal.certificate);
  const auto helpers = stack_of(path);
  pki::StorePtr trusted(X509_STORE_new());
  for (const auto& ca : renewal.trusted) X509_STORE_add_cert(trusted.get(), ca.native());
  if (!trusted || !renewal.key.belongs_to(renewal.certificate) ||
      OSSL_CMP_CTX_set1_cert(c, renewal.certificate.native()) != 1 ||
      OSSL_CMP_CTX_set1_oldCert(c, renewal.certificate.native()) != 1 ||
      OSSL_CMP_CTX_set1_pkey(c, renewal.key.native()) != 1 ||
      (!path.empty() && OSSL_CMP_CTX_set1_untrusted(c, helpers.get()) != 1) ||
      OSSL_CMP_CTX_set0_trustedStore(c, trusted.get()) != 1)
    return crypto_failure("preparing CMP");
  static_cast<void>(trusted.release());  // the context's from here on
  if (auto set = set_new_key(c, renewal.new_key); !set) return set.error();
  if (adjust != nullptr) adjust(c, adjust_argument);
  auto renewed = exchange(c, OSSL_CMP_KUR, renewal.new_key, false);
  return renewed ? std::move(renewed) : explained(renewed.error(), renewal.url);
}

namespace {
Json list_of(const std::vector<pki::Certificate>& certificates) {
  Json list = Json::array();
  for (const auto& certificate : certificates) list.push_back(to_hex(certificate.der()));
  return list;
}

Result<Bytes> bytes_in(const Json& from, const char* name) {
  const auto found = from.find(name);
  auto bytes = found != from.end() && found->is_string() ? from_hex(found->get<std::string>()) : Error{};
  if (!bytes) return Error{ErrorCode::invalid_input, "\"" + std::string(name) + "\" must be hexadecimal"};
  return bytes;
}

std::vector<pki::Certificate> list_in(const Json& from, const char* name) {
  std::vector<pki::Certificate> certificates;
  const auto found = from.find(name);
  if (found == from.end() || !found->is_array()) return certificates;
  for (const auto& each : *found) {
    const auto der = each.is_string() ? from_hex(each.get<std::string>()) : Error{};
    auto certificate = der ? pki::Certificate::parse(*der) : Error{};
    if (certificate && certificates.size() < others_maximum) certificates.push_back(std::move(*certificate));
  }
  return certificates;
}

Result<pki::PrivateKey> key_in(const Json& from) {
  auto der = bytes_in(from, "key_hex");
  if (!der) return der.error();
  return pki::PrivateKey::parse(Secret::adopt(std::move(*der)));
}

Result<pki::Certificate> certificate_in(const Json& from) {
  const auto der = bytes_in(from, "certificate_hex");
  if (!der) return der.error();
  return pki::Certificate::parse(*der);
}

std::string hex_of(const pki::PrivateKey& key) {
  const auto der = key.der();
  return der ? to_hex(der->view()) : std::string();
}
}  // namespace

Json to_json(const std::string& url, const pki::Certificate& certificate, const pki::PrivateKey& key,
             const std::vector<pki::Certificate>& helpers, const std::vector<pki::Certificate>& trusted) {
  return {{"task", "renew"},
          {"url", url},
          {"certificate_hex", to_hex(certificate.der())},
          {"key_hex", hex_of(key)},
          {"helpers", list_of(helpers)},
          {"trusted", list_of(trusted)}};
}

Result<Bytes> renew(const Json& request) {
  auto certificate = certificate_in(request);
  auto key = key_in(request);
  const auto url = request.find("url");
  if (!certificate) return certificate.error();
  if (!key) return key.error();
  if (url == request.end() || !url->is_string()) return Error{ErrorCode::invalid_input, "\"url\" must be a string"};
  auto new_key = pki::generate_key(key->kind(), key->bits());
  if (!new_key) return new_key.error();
  const auto made = renew(Renewal{url->get<std::string>(), std::move(*certificate), std::move(*key),
                                  std::move(*new_key), list_in(request, "helpers"), list_in(request, "trusted")});
  if (!made) return made.error();
  const auto text = Json{{"key_hex", hex_of(made->key)},
                         {"certificate_hex", to_hex(made->certificate.der())},
                         {"others", list_of(made->others)}}
                        .dump();
  return to_bytes(as_bytes(text));
}

Result<Enrolled> enrolled_from(ByteView answer) {
  const auto read = Json::parse(answer.begin(), answer.end(), nullptr, false);
  if (!read.is_object()) return Error{ErrorCode::invalid_input, "the renewing process gave no sense"};
  auto certificate = certificate_in(read);
  auto key = key_in(read);
  if (!certificate) return certificate.error();
  if (!key) return key.error();
  if (!key->belongs_to(*certificate)) return Error{ErrorCode::invalid_input, "the certificate is for another key"};
  return Enrolled{std::move(*certificate), std::move(*key), list_in(read, "others")};
}

}  // namespace ipsec9000::fetch
