// The Entrust way: /etc/ipsec9000/entrust.ini names the CA's manager and its directories; a profile is a file NAME.epf
// beside certs.txt, PKCS#12 under a password of its own. That password is in the key store, so that a running ikpmd can
// renew the profile by itself.
//
//   [Entrust Settings]
//   Manager=http://manager.example:829/pkix/
//   Server=ldap://directory.example:389         (as many as there are; HOST+PORT as it used to be written is taken too)
//   RootFingerprint=AB:CD:...                   (SHA-256 of a root that may be taken from a directory, as many as there
//                                                are: a directory proves nothing, the administrator vouches)
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "certstore/snapshot.hpp"
#include "pki/private_key.hpp"

namespace ipsec9000 {

struct EntrustSettings {
  std::string manager;                   // URL; "" where there is none
  std::vector<std::string> directories;  // "ldap://host:port", without a slash at the end
  std::vector<std::string> roots;        // fingerprints in hex
};

// not_found: no such file. invalid_input names the line.
Result<EntrustSettings> read_entrust_ini(const std::filesystem::path& path);
Result<EntrustSettings> parse_entrust_ini(std::string_view text);
std::filesystem::path entrust_ini(const std::filesystem::path& configuration);  // beside ipsec.json

// Where the CRL of each CA is in each directory: in the entry of its own name.
std::vector<std::string> directory_sources(const EntrustSettings& settings, const CertificateContents& contents);

// Where certificates of CAs may be found in each directory: of those that certified what is stored here and are not
// known, and of those that end within a month.
inline constexpr std::size_t authorities_maximum = 64;
std::vector<std::string> authority_sources(const EntrustSettings& settings, const CertificateContents& contents,
                                           WallTime now);
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
