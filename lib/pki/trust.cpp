#include "pki/trust.hpp"

#include <openssl/err.h>

#include "pki/identities.hpp"
#include "pki/openssl.hpp"

namespace ipsec9000::pki {

Trust::Trust(TrustContents contents) : TrustContents(std::move(contents)), store_(X509_STORE_new(), X509_STORE_free) {
  for (const auto& anchor : anchors) X509_STORE_add_cert(store_.get(), anchor.native());
  for (const auto& crl : crls) X509_STORE_add_crl(store_.get(), crl.native());
  ERR_clear_error();
  for (std::size_t i = 0; i < known.size(); ++i)
    for (const auto& name : known[i].names()) known_by_name_.emplace(identity_key(name), i);
}

std::vector<Bytes> Trust::anchor_names() const {
  std::vector<Bytes> names;
  for (const auto& anchor : anchors) names.push_back(anchor.subject_der());
  return names;
}

std::vector<Certificate> Trust::known_as(const Identity& identity) const {
  std::vector<Certificate> found;
  const auto [first, last] = known_by_name_.equal_range(identity_key(identity));
  for (auto entry = first; entry != last; ++entry)
    if (has_name(known[entry->second], identity)) found.push_back(known[entry->second]);
  return found;
}

}  // namespace ipsec9000::pki
