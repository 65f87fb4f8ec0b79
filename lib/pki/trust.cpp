#include "pki/trust.hpp"

#include <openssl/err.h>

#include "pki/identities.hpp"
#include "pki/openssl.hpp"

namespace ipsec9000::pki {

struct Trust::Data {
  TrustContents contents;
  StorePtr store{X509_STORE_new()};
  std::multimap<std::string, std::size_t> known_by_name;  // identity_key: place in `known`
};

Trust::Trust(TrustContents contents) : ocsp_(std::move(contents.ocsp)) {
  auto data = std::make_shared<Data>();
  data->contents = std::move(contents);
  for (const auto& anchor : data->contents.anchors) X509_STORE_add_cert(data->store.get(), anchor.native());
  for (const auto& crl : data->contents.crls) X509_STORE_add_crl(data->store.get(), crl.native());
  ERR_clear_error();
  const auto& known = data->contents.known;
  for (std::size_t i = 0; i < known.size(); ++i)
    for (const auto& name : known[i].names()) data->known_by_name.emplace(identity_key(name), i);
  data_ = std::move(data);
}

Trust Trust::with_ocsp(std::map<std::string, OcspAnswer> answers) const { return Trust(data_, std::move(answers)); }

const std::vector<Certificate>& Trust::anchors() const { return data_->contents.anchors; }
const std::vector<Certificate>& Trust::intermediates() const { return data_->contents.intermediates; }
const std::vector<Certificate>& Trust::known() const { return data_->contents.known; }
const std::vector<Crl>& Trust::crls() const { return data_->contents.crls; }
Revocation Trust::revocation() const { return data_->contents.revocation; }
bool Trust::allow_legacy() const { return data_->contents.allow_legacy; }
x509_store_st* Trust::store() const { return data_->store.get(); }

const OcspAnswer* Trust::ocsp(const std::string& fingerprint) const {
  const auto found = ocsp_.find(fingerprint);
  return found == ocsp_.end() ? nullptr : &found->second;
}

std::vector<Bytes> Trust::anchor_names() const {
  std::vector<Bytes> names;
  for (const auto& anchor : anchors()) names.push_back(anchor.subject_der());
  return names;
}

std::vector<Certificate> Trust::known_as(const Identity& identity) const {
  std::vector<Certificate> found;
  const auto [first, last] = data_->known_by_name.equal_range(identity_key(identity));
  for (auto entry = first; entry != last; ++entry)
    if (has_name(known()[entry->second], identity)) found.push_back(known()[entry->second]);
  return found;
}

}  // namespace ipsec9000::pki
