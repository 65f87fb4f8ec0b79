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
constexpr std::size_t ini_maximum = 64 * 1024;
constexpr std::size_t directories_maximum = 16;
constexpr std::size_t profile_bytes_maximum = 256 * 1024;
constexpr std::string_view profile_word = "profile:";

bool is_word(std::string_view text, std::string_view word) { return to_lower(text) == word; }

// "http://host/...", or as the original's file has it "host+port".
Result<std::string> url_from(std::string_view value, std::string_view scheme) {
  if (value.empty() || value.size() > 512 || escape_control(value) != value ||
      value.find(' ') != std::string_view::npos)
    return Error{ErrorCode::invalid_input, "no address"};
  const auto start = std::string(scheme) + "://";
  const bool whole = value.starts_with(start);
  if (!whole && value.find("://") != std::string_view::npos)
    return Error{ErrorCode::invalid_input, "not " + start + "..."};
  auto url = whole ? std::string(value) : start + std::string(value);
  if (const auto plus = url.rfind('+'); !whole && plus != std::string::npos) url[plus] = ':';
  const auto host = std::string_view(url).substr(start.size());
  if (host.empty() || host.front() == '/' || host.front() == ':' || host.front() == '?')
    return Error{ErrorCode::invalid_input, "an address without a host"};
  return url;
}

// SHA-256, as the openssl program writes it ("AB:CD:...") or as we do.
Result<std::string> fingerprint_from(std::string_view value) {
  std::string fingerprint;
  for (const char c : to_lower(value))
    if (c != ':') fingerprint.push_back(c);
  const auto bytes = from_hex(fingerprint);
  if (!bytes || bytes->size() != 32)
    return Error{ErrorCode::invalid_input, "no SHA-256 fingerprint (openssl x509 -noout -fingerprint -sha256)"};
  return fingerprint;
}

Result<void> take_line(EntrustSettings& settings, std::string_view line) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return Error{ErrorCode::invalid_input, "neither [SECTION] nor KEY=VALUE"};
  const auto key = trim(line.substr(0, equals));
  const auto value = trim(line.substr(equals + 1));
  if (is_word(key, "manager")) {
    auto url = url_from(value, "http");
    if (!url) return url.error();
    if (!settings.manager.empty()) return Error{ErrorCode::invalid_input, "a second Manager"};
    settings.manager = std::move(*url);
  } else if (is_word(key, "server")) {
    auto url = url_from(value, "ldap");
    if (!url) return url.error();
    if (settings.directories.size() >= directories_maximum)
      return Error{ErrorCode::invalid_input, "more than " + std::to_string(directories_maximum) + " directories"};
    while (url->ends_with('/')) url->pop_back();
    settings.directories.push_back(std::move(*url));
  } else if (is_word(key, "rootfingerprint")) {
    auto fingerprint = fingerprint_from(value);
    if (!fingerprint) return fingerprint.error();
    if (settings.roots.size() >= directories_maximum)
      return Error{ErrorCode::invalid_input, "more than " + std::to_string(directories_maximum) + " roots"};
    settings.roots.push_back(std::move(*fingerprint));
  }
  return {};  // the original's file has other keys, which mean nothing here
}
}  // namespace

Result<EntrustSettings> parse_entrust_ini(std::string_view text) {
  EntrustSettings settings;
  bool ours = false;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = trim(text.substr(at, end - at));
    at = end + 1;
    ++number;
    if (line.empty() || line.front() == ';' || line.front() == '#') continue;
    if (line.front() == '[') {
      ours = is_word(line, "[entrust settings]");
      continue;
    }
    if (!ours) continue;
    if (auto taken = take_line(settings, line); !taken) return taken.error().within("line " + std::to_string(number));
  }
  return settings;
}

Result<EntrustSettings> read_entrust_ini(const fs::path& path) {
  const auto text = read_file(path, ini_maximum);
  if (!text) return text.error();
  auto settings = parse_entrust_ini(*text);
  if (!settings) return settings.error().within(path.string());
  return settings;
}

fs::path entrust_ini(const fs::path& configuration) { return configuration.parent_path() / "entrust.ini"; }

std::vector<std::string> directory_sources(const EntrustSettings& settings, const CertificateContents& contents) {
  std::vector<std::string> urls;
  for (const auto& directory : settings.directories)
    for (const auto& entry : contents.entries)
      if (const auto name = pki::directory_name(entry.certificate); entry.kind == EntryKind::ca && !name.empty())
        urls.push_back(directory + "/" + name + "?certificateRevocationList;binary?base?(objectClass=*)");
  return urls;
}

std::vector<std::string> authority_sources(const EntrustSettings& settings, const CertificateContents& contents,
                                           WallTime now) {
  constexpr Duration soon = std::chrono::hours(24 * 30);
  std::set<std::string> names;
  for (const auto& entry : contents.entries) {
    const auto& certificate = entry.certificate;
    const bool lasts = entry.kind != EntryKind::ca || certificate.not_after() - now > soon;
    if (!lasts) names.insert(pki::directory_name(certificate));
    if (!contents.find_authority(certificate.issuer_der())) names.insert(pki::issuer_directory_name(certificate));
  }
  names.erase("");
  std::vector<std::string> urls;
  for (const auto& directory : settings.directories)
    for (const auto& name : names)
      if (urls.size() < authorities_maximum)
        urls.push_back(directory + "/" + name + "?cACertificate;binary?base?(objectClass=*)");
  return urls;
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
