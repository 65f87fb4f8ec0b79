// The Entrust way (model/entrust_settings.hpp): a profile is a file NAME.epf beside certs.txt, PKCS#12 under a password
// of its own. That password is in the key store, so that a running ikpmd can renew the profile by itself.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "certstore/snapshot.hpp"
#include "model/entrust_settings.hpp"
#include "pki/private_key.hpp"

namespace ipsec9000 {

// Where the CRL of each CA is in each directory: in the entry of its own name.
std::vector<std::string> directory_sources(const EntrustSettings& settings, const CertificateContents& contents);

// Where certificates of CAs may be found: of those that certified what is stored here, or a candidate (ca_quest.hpp),
// and are not known, in each directory and where these certificates say themselves; of those that end within a month
// and those that certified what peers have `shown`, in each directory only, for nobody vouches for what a peer's says.
inline constexpr std::size_t authorities_maximum = 64;
std::vector<std::string> authority_sources(const EntrustSettings& settings, const CertificateContents& contents,
                                           const std::vector<pki::Certificate>& candidates,
                                           const std::vector<pki::Certificate>& shown, WallTime now);
// One that came from there. A root counts when its fingerprint is among `roots`, another CA when one that is known here
// signed it; else refused. False: it is there already.
Result<bool> take_authority(CertificateContents& contents, const pki::Certificate& certificate,
                            const std::vector<std::string>& roots, const TrustRules& rules);

struct Profile {
  std::string name;
  pki::Certificate certificate;
  pki::PrivateKey key;
  std::vector<pki::Certificate> others;    // CAs
  std::shared_ptr<const Secret> password;  // of the file
};

std::string profile_key_name(std::string_view name);  // of the password among the private keys of the key store
std::filesystem::path profile_file(const CertificateStore& store, std::string_view name);

// Opens those whose password is among `keys`, puts their certificates into `contents` as own ones and their keys into
// `keys`: the file is what counts, certs.txt tells of it. Slow. `problems` gets a sentence for each that does not open.
std::vector<Profile> open_profiles(const CertificateStore& store, CertificateContents& contents,
                                   std::map<std::string, Secret>& keys, std::vector<std::string>& problems);

// Writes the file, then the entry. `roots`: whether self-issued CAs among the others are to be believed from now on.
Result<void> store_profile(const CertificateStore& store, const Profile& profile, bool roots);

// When it is to be renewed: in the last fifth of its life, at most 30 days before its end.
WallTime renewal_due(const pki::Certificate& certificate);

}  // namespace ipsec9000
