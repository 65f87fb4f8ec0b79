#include "pki/certificate.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "pki/key_facts.hpp"
#include "pki/openssl.hpp"

namespace ipsec9000::pki {

std::string_view to_string(PublicKeyKind kind) {
  switch (kind) {
    case PublicKeyKind::rsa:
      return "RSA";
    case PublicKeyKind::ecdsa256:
      return "ECDSA P-256";
    case PublicKeyKind::ecdsa384:
      return "ECDSA P-384";
    case PublicKeyKind::ecdsa521:
      return "ECDSA P-521";
    case PublicKeyKind::other:
      break;
  }
  return "other";
}

struct Certificate::Data {
  X509Ptr x509;
  Bytes der;
  std::string subject, issuer, serial, fingerprint, signature_digest;
  Bytes subject_der, issuer_der;
  WallTime not_before, not_after;
  std::vector<Identity> names;
  KeyFacts key;
  bool is_ca = false;
  std::vector<std::string> crl_urls, ocsp_urls, issuer_urls;
};

namespace {
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, FreeBy<GENERAL_NAMES_free>>;
using PointsPtr = std::unique_ptr<CRL_DIST_POINTS, FreeBy<CRL_DIST_POINTS_free>>;
using AccessPtr = std::unique_ptr<AUTHORITY_INFO_ACCESS, FreeBy<AUTHORITY_INFO_ACCESS_free>>;

Bytes string_bytes(const ASN1_STRING* text) {
  const auto* data = ASN1_STRING_get0_data(text);
  return data == nullptr ? Bytes{} : Bytes(data, data + ASN1_STRING_length(text));
}

// Printable ASCII without blanks: a name with a NUL in it ends early for others, so it is nobody's.
bool plain(ByteView text) {
  return !text.empty() && std::ranges::all_of(text, [](std::uint8_t c) { return c > 0x20 && c < 0x7f; });
}

std::optional<Identity> identity_of(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
    case GEN_EMAIL: {
      auto text = string_bytes(name.d.ia5);
      if (!plain(text)) return std::nullopt;
      return Identity{name.type == GEN_DNS ? IdType::fqdn : IdType::user_fqdn, std::move(text)};
    }
    case GEN_IPADD: {
      auto address = string_bytes(name.d.ip);
      if (address.size() != 4 && address.size() != 16) return std::nullopt;
      return Identity{address.size() == 4 ? IdType::ipv4_address : IdType::ipv6_address, std::move(address)};
    }
    case GEN_DIRNAME:
      return Identity{IdType::der_dn, name_to_der(name.d.directoryName)};
    default:
      return std::nullopt;
  }
}

std::optional<std::string> url_of(const GENERAL_NAME& name) {
  if (name.type != GEN_URI) return std::nullopt;
  const auto text = string_bytes(name.d.ia5);
  if (!plain(text)) return std::nullopt;
  return std::string(text.begin(), text.end());
}

std::vector<Identity> names_of(X509* x509) {
  std::vector<Identity> names;
  const auto* subject = X509_get_subject_name(x509);
  if (X509_NAME_entry_count(subject) > 0) names.push_back(Identity{IdType::der_dn, name_to_der(subject)});
  const GeneralNamesPtr others(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; others && i < sk_GENERAL_NAME_num(others.get()) && names.size() < names_maximum; ++i)
    if (auto identity = identity_of(*sk_GENERAL_NAME_value(others.get(), i))) names.push_back(std::move(*identity));
  return names;
}

std::vector<std::string> crl_urls_of(X509* x509) {
  std::vector<std::string> urls;
  const PointsPtr points(
      static_cast<CRL_DIST_POINTS*>(X509_get_ext_d2i(x509, NID_crl_distribution_points, nullptr, nullptr)));
  for (int i = 0; points && i < sk_DIST_POINT_num(points.get()); ++i) {
    const auto* where = sk_DIST_POINT_value(points.get(), i)->distpoint;
    if (where == nullptr || where->type != 0) continue;
    const auto* names = where->name.fullname;
    for (int j = 0; j < sk_GENERAL_NAME_num(names) && urls.size() < names_maximum; ++j)
      if (auto url = url_of(*sk_GENERAL_NAME_value(names, j))) urls.push_back(std::move(*url));
  }
  return urls;
}

// `method`: NID_ad_OCSP or NID_ad_ca_issuers.
std::vector<std::string> access_urls_of(X509* x509, int method) {
  std::vector<std::string> urls;
  const AccessPtr access(
      static_cast<AUTHORITY_INFO_ACCESS*>(X509_get_ext_d2i(x509, NID_info_access, nullptr, nullptr)));
  for (int i = 0; access && i < sk_ACCESS_DESCRIPTION_num(access.get()) && urls.size() < names_maximum; ++i) {
    const auto* description = sk_ACCESS_DESCRIPTION_value(access.get(), i);
    if (OBJ_obj2nid(description->method) != method) continue;
    if (auto url = url_of(*description->location)) urls.push_back(std::move(*url));
  }
  return urls;
}

std::string digest_of(X509* x509) {
  int digest = NID_undef;
  int key = NID_undef;
  if (OBJ_find_sigid_algs(X509_get_signature_nid(x509), &digest, &key) != 1 || digest == NID_undef) return "";
  const char* name = OBJ_nid2sn(digest);
  return name == nullptr ? "" : name;
}

bool basic_constraints_ca(X509* x509) { return (X509_get_extension_flags(x509) & EXFLAG_CA) != 0; }
}  // namespace

Result<Certificate> Certificate::parse(ByteView der) {
  if (der.size() > certificate_bytes_maximum)
    return Error{ErrorCode::invalid_input, "a certificate of " + std::to_string(der.size()) + " bytes (at most " +
                                               std::to_string(certificate_bytes_maximum) + ")"};
  const auto* at = der.data();
  auto data = std::make_shared<Data>();
  data->x509.reset(der.empty() ? nullptr : d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!data->x509) return openssl_error(ErrorCode::invalid_input, "not a DER certificate");
  if (at != der.data() + der.size()) return Error{ErrorCode::invalid_input, "bytes behind the end of a certificate"};
  auto* x509 = data->x509.get();
  const auto from = to_wall_time(X509_get0_notBefore(x509));
  const auto until = to_wall_time(X509_get0_notAfter(x509));
  if (!from || !until) return Error{ErrorCode::invalid_input, "a certificate whose dates cannot be read"};
  data->der = to_bytes(der);
  data->fingerprint = to_hex(digest(HashAlgorithm::sha256, {der}));
  data->subject = name_to_text(X509_get_subject_name(x509));
  data->issuer = name_to_text(X509_get_issuer_name(x509));
  data->subject_der = name_to_der(X509_get_subject_name(x509));
  data->issuer_der = name_to_der(X509_get_issuer_name(x509));
  data->serial = number_to_hex(X509_get0_serialNumber(x509));
  data->not_before = *from;
  data->not_after = *until;
  data->names = names_of(x509);
  data->key = key_facts(X509_get0_pubkey(x509));
  data->signature_digest = digest_of(x509);
  data->is_ca = basic_constraints_ca(x509);
  data->crl_urls = crl_urls_of(x509);
  data->ocsp_urls = access_urls_of(x509, NID_ad_OCSP);
  data->issuer_urls = access_urls_of(x509, NID_ad_ca_issuers);
  ERR_clear_error();
  return Certificate(std::move(data));
}

ByteView Certificate::der() const { return data_->der; }
const std::string& Certificate::subject() const { return data_->subject; }
const std::string& Certificate::issuer() const { return data_->issuer; }
const Bytes& Certificate::subject_der() const { return data_->subject_der; }
const Bytes& Certificate::issuer_der() const { return data_->issuer_der; }
const std::string& Certificate::serial() const { return data_->serial; }
const std::string& Certificate::fingerprint() const { return data_->fingerprint; }
WallTime Certificate::not_before() const { return data_->not_before; }
WallTime Certificate::not_after() const { return data_->not_after; }
const std::vector<Identity>& Certificate::names() const { return data_->names; }
PublicKeyKind Certificate::key_kind() const { return data_->key.kind; }
unsigned Certificate::key_bits() const { return data_->key.bits; }
const std::string& Certificate::signature_digest() const { return data_->signature_digest; }
bool Certificate::self_issued() const {
  return X509_NAME_cmp(X509_get_subject_name(native()), X509_get_issuer_name(native())) == 0;
}
bool Certificate::is_ca() const { return data_->is_ca; }
const std::vector<std::string>& Certificate::crl_urls() const { return data_->crl_urls; }
const std::vector<std::string>& Certificate::ocsp_urls() const { return data_->ocsp_urls; }
const std::vector<std::string>& Certificate::issuer_urls() const { return data_->issuer_urls; }
x509_st* Certificate::native() const { return data_->x509.get(); }
bool Certificate::operator==(const Certificate& other) const {
  return data_ == other.data_ || data_->der == other.data_->der;
}

Result<void> check_key(const Certificate& certificate, bool allow_legacy) {
  return check_key_facts(key_facts(X509_get0_pubkey(certificate.native())), allow_legacy);
}

Result<void> check_digest(const Certificate& certificate, bool allow_legacy) {
  static constexpr std::array<std::string_view, 5> broken = {"MD2", "MD4", "MD5", "SHA1", "RSA-MD5"};
  const std::string_view digest_name = certificate.signature_digest();
  if (allow_legacy || std::ranges::find(broken, digest_name) == broken.end()) return {};
  return Error{ErrorCode::refused, "signed with " + std::string(digest_name) + ", which needs \"allow_legacy\""};
}

}  // namespace ipsec9000::pki
