// Certificates and CRLs at rest: /var/lib/ipsec9000/certs. Private keys are not here but in the key store, under the
// name of the entry. Each file is replaced in one step, under a lock against other writers.
//
//   certs.txt       entries.hpp
//   crl-ID.der      the newest CRL of each issuer; ID is eight hex digits of its name's hash
//   sources.txt     where else CRLs are to be fetched, one URL a line
//   warned.txt      ikpmd's: which ends it has warned of (expiry.hpp)
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "certstore/entries.hpp"
#include "pki/crl.hpp"

namespace ipsec9000 {

struct CertificateContents {
  std::vector<CertificateEntry> entries;
  std::map<std::string, pki::Crl> crls;  // by ID
  std::vector<std::string> sources;      // URLs
  std::vector<std::string> damaged;      // a sentence for each file of a CRL that cannot be read

  const CertificateEntry* find(EntryKind kind, std::string_view name) const;
  const CertificateEntry* find_authority(const Bytes& subject_der) const;  // a CA of that name
  std::vector<pki::Certificate> of_kind(EntryKind kind) const;
};

std::string crl_id(const pki::Crl& crl);

class CertificateStore {
 public:
  explicit CertificateStore(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // A store that is not there is empty. A CRL that cannot be read is left out and told in `damaged`: another is
  // fetched.
  Result<CertificateContents> load() const;

  // Loads, changes, and writes what differs, all under the lock; nothing when the change fails.
  using Change = std::function<Result<void>(CertificateContents&)>;
  Result<void> change(const Change& change) const;

  const std::filesystem::path& directory() const { return directory_; }

 private:
  Result<void> write(const CertificateContents& before, const CertificateContents& after) const;
  std::filesystem::path directory_;
};

}  // namespace ipsec9000
