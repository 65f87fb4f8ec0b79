#include "certstore/entrust.hpp"

#include <algorithm>
#include <set>

#include "base/files.hpp"
#include "base/text.hpp"
#include "certstore/describe.hpp"
#include "certstore/methods.hpp"
#include "pki/bundle.hpp"
#include "pki/directory_name.hpp"
#include "pki/pkcs12.hpp"
#include "pki/signed_by.hpp"

namespace ipsec9000 {

namespace fs = std::filesystem;

namespace {
constexpr std::size_t profile_bytes_maximum = std::size_t{256} * 1024;
constexpr std::string_view profile_word = "profile:";
}  // namespace

std::vector<std::string> directory_sources(const EntrustSettings& settings, const CertificateContents& contents) {
  std::vector<std::string> urls;
  for (const auto& directory : settings.directories)
    for (const auto& entry : contents.entries)
      if (const auto name = pki::directory_name(entry.certificate); entry.kind == EntryKind::ca && !name.empty())
        urls.push_back(directory + "/" + name + "?certificateRevocationList;binary?base?(objectClass=*)");
  return urls;
}

std::vector<std::string> authority_sources(const EntrustSettings& settings, const CertificateContents& contents,
                                           const std::vector<pki::Certificate>& candidates,
                                           const std::vector<pki::Certificate>& shown, WallTime now) {
  constexpr Duration soon = std::chrono::hours(24 * 30);
  std::set<std::string> names, urls;
  const auto look_for_issuer = [&](const pki::Certificate& certificate, bool where_it_says) {
    if (contents.find_authority(certificate.issuer_der()) != nullptr) return;
    names.insert(pki::issuer_directory_name(certificate));
    for (const auto& url : certificate.issuer_urls())
      if (where_it_says && url.starts_with("http://")) urls.insert(url);
  };
  for (const auto& entry : contents.entries) {
    const auto& certificate = entry.certificate;
    const bool lasts = entry.kind != EntryKind::ca || certificate.not_after() - now > soon;
    if (!lasts) names.insert(pki::directory_name(certificate));
    look_for_issuer(certificate, true);
  }
  for (const auto& candidate : candidates) look_for_issuer(candidate, true);
  for (const auto& certificate : shown) look_for_issuer(certificate, false);
  names.erase("");
  std::vector<std::string> all;
  for (const auto& directory : settings.directories)
    for (const auto& name : names)
      if (all.size() < authorities_maximum)
        all.push_back(directory + "/" + name + "?cACertificate;binary?base?(objectClass=*)");
  for (const auto& url : urls)
    if (all.size() < authorities_maximum) all.push_back(url);
  return all;
}

Result<bool> take_authority(CertificateContents& contents, const pki::Certificate& certificate,
                            const std::vector<std::string>& roots, const TrustRules& rules) {
  for (const auto& entry : contents.entries)
    if (entry.kind == EntryKind::ca && entry.certificate == certificate) return false;
  if (!certificate.is_ca()) return Error{ErrorCode::refused, certificate.subject() + " is no CA"};
  if (auto usable = check_key(certificate, rules.allow_legacy); !usable)
    return usable.error().within(certificate.subject());
  const auto cas = contents.of_kind(EntryKind::ca);
  if (certificate.self_issued() && std::ranges::find(roots, certificate.fingerprint()) == roots.end())
    return Error{ErrorCode::refused, "the root " + certificate.subject() + " with the fingerprint " +
                                         certificate.fingerprint() + " is not named by RootFingerprint in entrust.ini"};
  if (!certificate.self_issued() &&
      std::ranges::none_of(cas, [&](const auto& ca) { return pki::signed_by(certificate, ca); }))
    return Error{ErrorCode::refused, "no CA that is known here signed the certificate of " + certificate.subject()};
  certstore::put(contents, {EntryKind::ca, certstore::free_name(contents, EntryKind::ca, certificate), certificate});
  return true;
}

std::string profile_key_name(std::string_view name) { return std::string(profile_word) + std::string(name); }

fs::path profile_file(const CertificateStore& store, std::string_view name) {
  return store.directory() / (std::string(name) + ".epf");
}

static Result<Profile> open_profile(const CertificateStore& store, const std::string& name, const Secret& password) {
  const auto file = read_file(profile_file(store, name), profile_bytes_maximum);
  if (!file) return file.error();
  auto bundle = pki::read_bundle(as_bytes(*file), password);
  if (!bundle) return bundle.error();
  if (!bundle->key) return Error{ErrorCode::invalid_input, "it has no private key"};
  const auto leaf =
      std::ranges::find_if(bundle->certificates, [&](const auto& each) { return bundle->key->belongs_to(each); });
  if (leaf == bundle->certificates.end()) return Error{ErrorCode::invalid_input, "it has no certificate of its key"};
  Profile profile{name, *leaf, std::move(*bundle->key), {}, std::make_shared<const Secret>(password.clone())};
  for (const auto& certificate : bundle->certificates)
    if (!(certificate == profile.certificate)) profile.others.push_back(certificate);
  return profile;
}

std::vector<Profile> open_profiles(const CertificateStore& store, CertificateContents& contents,
                                   std::map<std::string, Secret>& keys, std::vector<std::string>& problems) {
  std::vector<Profile> profiles;
  for (const auto& [key, password] : keys) {
    if (!key.starts_with(profile_word)) continue;
    const auto name = key.substr(profile_word.size());
    auto profile = is_entry_name(name) ? open_profile(store, name, password) : Error{};
    if (profile)
      profiles.push_back(std::move(*profile));
    else
      problems.push_back("profile " + escape_control(name) + ": " + profile.error().text);
  }
  for (const auto& profile : profiles) {
    certstore::put(contents, {EntryKind::own, profile.name, profile.certificate});
    if (auto der = profile.key.der()) keys.insert_or_assign(profile.name, std::move(*der));
  }
  return profiles;
}

Result<void> store_profile(const CertificateStore& store, const Profile& profile, bool roots) {
  const auto file = pki::make_pkcs12(profile.key, profile.certificate, profile.others, profile.name, *profile.password);
  if (!file) return file.error();
  if (auto made = make_directory(store.directory(), 0700); !made) return made;
  const std::string_view text(reinterpret_cast<const char*>(file->data()), file->size());
  if (auto written = replace_file(profile_file(store, profile.name), text); !written) return written;
  return store.change([&](CertificateContents& contents) -> Result<void> {
    certstore::put(contents, {EntryKind::own, profile.name, profile.certificate});
    for (const auto& ca : profile.others)
      if (ca.is_ca() && (roots || !ca.self_issued()))
        certstore::put(contents, {EntryKind::ca, certstore::free_name(contents, EntryKind::ca, ca), ca});
    return {};
  });
}

WallTime renewal_due(const pki::Certificate& certificate) {
  constexpr Duration longest = std::chrono::hours(24 * 30);
  const auto life = certificate.not_after() - certificate.not_before();
  return certificate.not_after() - std::min(longest, life / 5);
}

namespace certstore {

static Result<void> check_profile_name(const Task& task, const std::string& name) {
  if (!is_entry_name(name))
    return Error{ErrorCode::invalid_input, "a profile has a name of 1 to 63 of A-Z a-z 0-9 _ - ."};
  if (task.keys->find_private_key(name) != nullptr)
    return Error{ErrorCode::already_exists, "there is a key \"" + name + "\" already, which is of no profile"};
  return {};
}

// Before the manager is asked, whose secret is good for once: whether what it gives could be stored.
Result<Json> profile_prepare(const Task& task, const Json& params) {
  const auto name = text_of(params, "name");
  if (!name) return name.error();
  if (auto usable = check_profile_name(task, *name); !usable) return usable.error();
  if (auto made = make_directory(task.store.directory(), 0700); !made) return made.error();
  if (const auto contents = task.store.load(); !contents) return contents.error();
  return Json{{"name", *name}};
}

// What a tool has got from the manager.
Result<Json> profile_store(const Task& task, const Json& params) {
  const auto name = text_of(params, "name");
  const auto password = text_of(params, "profile_password");
  const auto file = text_of(params, "data_hex");
  if (!name) return name.error();
  if (!password) return password.error();
  if (!file) return file.error();
  if (password->empty()) return Error{ErrorCode::invalid_input, "a profile has a password"};
  if (auto usable = check_profile_name(task, *name); !usable) return usable.error();
  const auto bytes = from_hex(*file);
  if (!bytes) return Error{ErrorCode::invalid_input, "\"data_hex\" must be hexadecimal"};
  auto secret = std::make_shared<const Secret>(std::string_view(*password));
  auto bundle = pki::read_bundle(*bytes, *secret);
  if (!bundle) return bundle.error();
  if (!bundle->key) return Error{ErrorCode::invalid_input, "no private key"};
  const auto leaf =
      std::ranges::find_if(bundle->certificates, [&](const auto& each) { return bundle->key->belongs_to(each); });
  if (leaf == bundle->certificates.end()) return Error{ErrorCode::invalid_input, "no certificate of the key"};
  if (auto usable = check_key(*leaf, task.rules.allow_legacy); !usable) return usable.error().within(leaf->subject());
  Profile profile{*name, *leaf, std::move(*bundle->key), {}, secret};
  for (const auto& certificate : bundle->certificates)
    if (!(certificate == profile.certificate)) profile.others.push_back(certificate);
  const auto roots = params.find("roots");
  if (auto set = task.keys->set({KeyKind::private_key, profile_key_name(*name), secret->clone(), task.now}); !set)
    return set.error();
  if (auto stored = store_profile(task.store, profile, roots != params.end() && *roots == true); !stored)
    return stored.error();
  return describe(CertificateEntry{EntryKind::own, *name, profile.certificate});
}

}  // namespace certstore
}  // namespace ipsec9000
