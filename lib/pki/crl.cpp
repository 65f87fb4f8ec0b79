#include "pki/crl.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "crypto/hash.hpp"
#include "pki/openssl.hpp"

namespace ipsec9000::pki {

struct Crl::Data {
  CrlPtr crl;
  Bytes der, issuer_der;
  std::string issuer, number, fingerprint;
  WallTime this_update;
  std::optional<WallTime> next_update;
  std::size_t revoked = 0;
};

namespace {
std::string number_of(const X509_CRL* crl) {
  const std::unique_ptr<ASN1_INTEGER, FreeBy<ASN1_INTEGER_free>> number(
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, NID_crl_number, nullptr, nullptr)));
  return number ? number_to_hex(number.get()) : "";
}
}  // namespace

Result<Crl> Crl::parse(ByteView der) {
  if (der.size() > crl_bytes_maximum)
    return Error{ErrorCode::invalid_input, "a CRL of " + std::to_string(der.size()) + " bytes (at most " +
                                               std::to_string(crl_bytes_maximum) + ")"};
  const auto* at = der.data();
  auto data = std::make_shared<Data>();
  data->crl.reset(der.empty() ? nullptr : d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
  if (!data->crl) return openssl_error(ErrorCode::invalid_input, "not a DER certificate revocation list");
  if (at != der.data() + der.size()) return Error{ErrorCode::invalid_input, "bytes behind the end of a CRL"};
  auto* crl = data->crl.get();
  const auto made = to_wall_time(X509_CRL_get0_lastUpdate(crl));
  if (!made) return Error{ErrorCode::invalid_input, "a CRL whose date cannot be read"};
  data->this_update = *made;
  if (const auto* next = X509_CRL_get0_nextUpdate(crl)) {
    const auto due = to_wall_time(next);
    if (!due) return Error{ErrorCode::invalid_input, "a CRL whose date cannot be read"};
    data->next_update = *due;
  }
  data->der = to_bytes(der);
  data->fingerprint = to_hex(digest(HashAlgorithm::sha256, {der}));
  data->issuer = name_to_text(X509_CRL_get_issuer(crl));
  data->issuer_der = name_to_der(X509_CRL_get_issuer(crl));
  data->number = number_of(crl);
  const auto* entries = X509_CRL_get_REVOKED(crl);
  data->revoked = entries == nullptr ? 0 : static_cast<std::size_t>(sk_X509_REVOKED_num(entries));
  ERR_clear_error();
  return Crl(std::move(data));
}

ByteView Crl::der() const { return data_->der; }
const std::string& Crl::issuer() const { return data_->issuer; }
const Bytes& Crl::issuer_der() const { return data_->issuer_der; }
const std::string& Crl::number() const { return data_->number; }
const std::string& Crl::fingerprint() const { return data_->fingerprint; }
WallTime Crl::this_update() const { return data_->this_update; }
std::optional<WallTime> Crl::next_update() const { return data_->next_update; }
std::size_t Crl::revoked() const { return data_->revoked; }
X509_crl_st* Crl::native() const { return data_->crl.get(); }

}  // namespace ipsec9000::pki
