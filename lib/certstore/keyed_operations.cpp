// Those that have to do with private keys.
#include <algorithm>

#include "base/text.hpp"
#include "certstore/describe.hpp"
#include "certstore/entrust.hpp"
#include "certstore/methods.hpp"
#include "pki/request.hpp"

namespace ipsec9000::certstore {

namespace {
Result<std::vector<Identity>> identities_of(const Json& params) {
  std::vector<Identity> identities;
  const auto list = params.find("names");
  if (list == params.end()) return identities;
  if (!list->is_array() || list->size() > pki::names_maximum)
    return Error{ErrorCode::invalid_input, "\"names\" must be an array of strings"};
  for (const auto& each : *list) {
    if (!each.is_string()) return Error{ErrorCode::invalid_input, "\"names\" must be an array of strings"};
    auto identity = Identity::parse(each.get<std::string>());
    if (!identity) return identity.error();
    identities.push_back(std::move(*identity));
  }
  return identities;
}

Result<unsigned> bits_of(const Json& params) {
  const auto found = params.find("bits");
  if (found == params.end()) return pki::rsa_bits_minimum;
  if (!found->is_number_integer() || found->get<std::int64_t>() < 0 || found->get<std::int64_t>() > UINT16_MAX)
    return Error{ErrorCode::invalid_input, "\"bits\" must be a number"};
  return found->get<unsigned>();
}

Result<void> store_key(const Task& task, const std::string& name, const pki::PrivateKey& key) {
  auto der = key.der();
  if (!der) return der.error();
  return task.keys->set(KeyEntry{KeyKind::private_key, name, std::move(*der), task.now});
}

// The name of the stored key that this certificate is for.
std::string key_name_of(const Keystore& keys, const pki::Certificate& certificate) {
  for (const auto& summary : keys.list()) {
    if (summary.kind != KeyKind::private_key) continue;
    const auto* secret = keys.find_private_key(summary.name);
    const auto key = secret == nullptr ? Error{} : pki::PrivateKey::parse(*secret);
    if (key && key->belongs_to(certificate)) return summary.name;
  }
  return "";
}

Result<std::string> wanted_name(const Json& params) {
  auto name = optional_text(params, "name");
  if (!name.empty() && !is_entry_name(name))
    return Error{ErrorCode::invalid_input, "\"" + escape_control(name) + "\" is no name: 1 to 63 of A-Z a-z 0-9 _ - ."};
  return name;
}

// The certificate of the key; of a file without a key, the first that is no CA's.
const pki::Certificate* leaf_of(const pki::Bundle& bundle) {
  for (const auto& certificate : bundle.certificates)
    if (bundle.key ? bundle.key->belongs_to(certificate) : !certificate.is_ca()) return &certificate;
  return nullptr;
}

// Those that certified the leaf, which a file of its own often brings along; roots are for "ca add" alone.
void put_intermediates(CertificateContents& contents, const pki::Bundle& bundle, const pki::Certificate& leaf) {
  for (const auto& certificate : bundle.certificates)
    if (!(certificate == leaf) && certificate.is_ca() && !certificate.self_issued())
      put(contents, {EntryKind::ca, free_name(contents, EntryKind::ca, certificate), certificate});
}

struct Import {
  std::string name;
  EntryKind kind = EntryKind::peer;
};

Result<Import> place_of(const Task& task, const pki::Bundle& bundle, const pki::Certificate& leaf, std::string name) {
  const auto key_name = key_name_of(*task.keys, leaf);
  const bool own = bundle.key.has_value() || !key_name.empty();
  if (!own || bundle.key) {
    if (name.empty()) {
      const auto contents = task.store.load();
      if (!contents) return contents.error();
      name = own && !key_name.empty() ? key_name : free_name(*contents, own ? EntryKind::own : EntryKind::peer, leaf);
    }
    return Import{std::move(name), own ? EntryKind::own : EntryKind::peer};
  }
  if (!name.empty() && name != key_name)
    return Error{ErrorCode::invalid_input, "the key of this certificate is stored as \"" + key_name + "\""};
  return Import{key_name, EntryKind::own};
}
}  // namespace

Result<Json> cert_request(const Task& task, const Json& params) {
  const auto name = wanted_name(params);
  const auto subject = text_of(params, "subject");
  const auto names = identities_of(params);
  const auto kind = pki::key_kind_of(params.contains("key") ? optional_text(params, "key") : "rsa");
  if (!name) return name.error();
  if (name->empty()) return Error{ErrorCode::invalid_input, "\"name\" must be a string"};
  if (!subject) return subject.error();
  if (!names) return names.error();
  if (!kind) return kind.error();
  const auto bits = bits_of(params);
  if (!bits) return bits.error();
  if (task.keys->find_private_key(*name) != nullptr)
    return Error{ErrorCode::already_exists,
                 "there is a key \"" + *name + "\" already (ipsec_mgr cert delete " + *name + " takes it away)"};
  auto key = pki::generate_key(*kind, *bits);
  if (!key) return key.error();
  auto request = pki::make_request(*key, *subject, *names);
  if (!request) return request.error();
  if (auto stored = store_key(task, *name, *key); !stored) return stored.error();
  return Json{{"name", *name}, {"request", std::move(*request)}};
}

Result<Json> cert_import(const Task& task, const Json& params) {
  auto name = wanted_name(params);
  if (!name) return name.error();
  auto bundle = bundle_of(params);
  if (!bundle) return bundle.error();
  if (params.contains("key_hex")) {
    auto beside = bundle_of(params, "key_hex");
    if (!beside) return beside.error().within("the key's file");
    if (!beside->key) return Error{ErrorCode::invalid_input, "the key's file holds no private key"};
    bundle->key = std::move(beside->key);
  }
  const auto* leaf = leaf_of(*bundle);
  if (leaf == nullptr)
    return Error{ErrorCode::invalid_input,
                 bundle->key ? "no certificate in the file belongs to the key"
                             : "the file holds no certificate of a host (for a CA: ipsec_mgr ca add)"};
  if (auto usable = check_key(*leaf, task.rules.allow_legacy); !usable) return usable.error().within(leaf->subject());
  const auto place = place_of(task, *bundle, *leaf, *name);
  if (!place) return place.error();
  if (bundle->key)
    if (auto stored = store_key(task, place->name, *bundle->key); !stored) return stored.error();
  const CertificateEntry entry{place->kind, place->name, *leaf};
  const auto changed = task.store.change([&](CertificateContents& contents) -> Result<void> {
    put(contents, entry);
    put_intermediates(contents, *bundle, *leaf);
    return {};
  });
  if (!changed) return changed.error();
  return describe(entry);
}

Result<Json> cert_delete(const Task& task, const Json& params) {
  const auto name = text_of(params, "name");
  if (!name) return name.error();
  const bool had_key = task.keys->find_private_key(*name) != nullptr;
  bool had_entry = false;
  const auto changed = task.store.change([&](CertificateContents& contents) -> Result<void> {
    had_entry =
        std::erase_if(contents.entries, [&](const auto& e) { return e.kind != EntryKind::ca && e.name == *name; }) != 0;
    return {};
  });
  if (!changed) return changed.error();
  const auto profile = profile_key_name(*name);
  const bool had_profile = task.keys->find_private_key(profile) != nullptr;
  if (had_profile) {
    if (auto erased = task.keys->erase(KeyKind::private_key, profile); !erased) return erased.error();
    std::error_code ignored;
    std::filesystem::remove(profile_file(task.store, *name), ignored);
  }
  if (had_key)
    if (auto erased = task.keys->erase(KeyKind::private_key, *name); !erased) return erased.error();
  if (!had_entry && !had_key && !had_profile)
    return Error{ErrorCode::not_found, "there is no certificate and no key \"" + escape_control(*name) + "\""};
  return Json{{"deleted", *name}, {"key", had_key || had_profile}};
}

}  // namespace ipsec9000::certstore
