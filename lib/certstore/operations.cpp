#include "certstore/operations.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "certstore/describe.hpp"
#include "certstore/methods.hpp"
#include "pki/signed_by.hpp"

namespace ipsec9000 {

using namespace certstore;

namespace {
struct Method {
  std::string_view name;
  bool keys;
  bool changes;
  Result<Json> (*run)(const CertificateTask&, const Json&);
};

constexpr std::array methods = {
    Method{"cert.request", true, false, cert_request},
    Method{"cert.import", true, true, cert_import},
    Method{"cert.list", false, false, cert_list},
    Method{"cert.show", false, false, cert_show},
    Method{"cert.delete", true, true, cert_delete},
    Method{"cert.check", false, false, cert_check},
    Method{"profile.prepare", true, false, profile_prepare},
    Method{"profile.store", true, true, profile_store},
    Method{"ca.add", false, true, ca_add},
    Method{"ca.list", false, false, ca_list},
    Method{"ca.show", false, false, ca_show},
    Method{"ca.delete", false, true, ca_delete},
    Method{"crl.add", false, true, crl_add},
    Method{"crl.list", false, false, crl_list},
    Method{"crl.delete", false, true, crl_delete},
};

const Method* find(std::string_view name) {
  const auto* found = std::ranges::find(methods, name, &Method::name);
  return found == methods.end() ? nullptr : found;
}
}  // namespace

bool is_certificate_method(std::string_view method) { return find(method) != nullptr; }
bool needs_keys(std::string_view method) { return find(method) != nullptr && find(method)->keys; }
bool changes_certificates(std::string_view method) { return find(method) != nullptr && find(method)->changes; }

std::vector<std::string_view> certificate_methods() {
  std::vector<std::string_view> names;
  names.reserve(methods.size());
  for (const auto& method : methods) names.push_back(method.name);
  return names;
}

Result<Json> perform(const CertificateTask& task, std::string_view name, const Json& params) {
  const auto* method = find(name);
  if (method == nullptr) return Error{ErrorCode::internal, "no such method"};
  if (method->keys && task.keys == nullptr) return Error{ErrorCode::not_permitted, "the key store is not open"};
  if (!params.is_object()) return Error{ErrorCode::invalid_input, "parameters must be an object"};
  return method->run(task, params);
}

namespace certstore {

Result<std::string> text_of(const Json& params, const char* name) {
  const auto found = params.find(name);
  if (found == params.end() || !found->is_string())
    return Error{ErrorCode::invalid_input, "\"" + std::string(name) + "\" must be a string"};
  return found->get<std::string>();
}

std::string optional_text(const Json& params, const char* name) {
  const auto text = text_of(params, name);
  return text ? *text : std::string();
}

Result<pki::Bundle> bundle_of(const Json& params, const char* name) {
  const auto hex = text_of(params, name);
  if (!hex) return hex.error();
  if (hex->size() / 2 > pki::bundle_bytes_maximum)
    return Error{ErrorCode::invalid_input, "a file of " + std::to_string(hex->size() / 2) + " bytes (at most " +
                                               std::to_string(pki::bundle_bytes_maximum) + ")"};
  const auto bytes = from_hex(*hex);
  if (!bytes) return Error{ErrorCode::invalid_input, "\"" + std::string(name) + "\" must be hexadecimal"};
  const auto file = Secret(*bytes);
  return pki::read_bundle(file.view(), Secret(optional_text(params, "file_password")));
}

void put(CertificateContents& contents, CertificateEntry entry) {
  const auto same = [&](const CertificateEntry& other) { return other.kind == entry.kind && other.name == entry.name; };
  const auto found = std::ranges::find_if(contents.entries, same);
  if (found == contents.entries.end())
    contents.entries.push_back(std::move(entry));
  else
    *found = std::move(entry);
}

Result<void> take_out(CertificateContents& contents, EntryKind kind, const std::string& name) {
  const auto erased = std::erase_if(contents.entries, [&](const auto& e) { return e.kind == kind && e.name == name; });
  if (erased == 0) return Error{ErrorCode::not_found, "there is no certificate \"" + escape_control(name) + "\""};
  return {};
}

std::string free_name(const CertificateContents& contents, EntryKind kind, const pki::Certificate& certificate) {
  const auto& subject = certificate.subject();
  const auto cn = subject.rfind("CN=");
  const auto base =
      entry_name_from(cn == std::string::npos ? subject : subject.substr(cn + 3, subject.find(',', cn) - cn - 3));
  auto name = base;
  for (int number = 2;; ++number) {
    const auto* there = contents.find(kind, name);
    if (there == nullptr || there->certificate == certificate) return name;
    name = base + "-" + std::to_string(number);
  }
}

static Json list_of(const CertificateContents& contents, const std::vector<EntryKind>& kinds) {
  Json items = Json::array();
  for (const auto& entry : contents.entries)
    if (std::ranges::find(kinds, entry.kind) != kinds.end()) items.push_back(describe(entry));
  return {{"items", std::move(items)}, {"next", nullptr}};
}

static Result<Json> show(const Task& task, const Json& params, const std::vector<EntryKind>& kinds) {
  const auto name = text_of(params, "name");
  if (!name) return name.error();
  const auto contents = task.store.load();
  if (!contents) return contents.error();
  for (const auto kind : kinds) {
    const auto* entry = contents->find(kind, *name);
    if (entry == nullptr) continue;
    auto shown = describe(*entry);
    shown["pem"] = write_entries({*entry}).substr(write_entries({*entry}).find("-----BEGIN"));
    return shown;
  }
  return Error{ErrorCode::not_found, "there is no certificate \"" + escape_control(*name) + "\""};
}

Result<Json> cert_list(const Task& task, const Json&) {
  const auto contents = task.store.load();
  if (!contents) return contents.error();
  return list_of(*contents, {EntryKind::own, EntryKind::peer});
}

Result<Json> cert_show(const Task& task, const Json& params) {
  return show(task, params, {EntryKind::own, EntryKind::peer});
}

Result<Json> ca_add(const Task& task, const Json& params) {
  const auto bundle = bundle_of(params);
  if (!bundle) return bundle.error();
  if (bundle->certificates.empty()) return Error{ErrorCode::invalid_input, "the file holds no certificate"};
  Json added = Json::array();
  const auto changed = task.store.change([&](CertificateContents& contents) -> Result<void> {
    for (const auto& certificate : bundle->certificates) {
      if (!certificate.is_ca() && !certificate.self_issued())
        return Error{ErrorCode::invalid_input,
                     certificate.subject() + " is no CA (its basicConstraints do not say so)"};
      if (auto usable = check_key(certificate, task.rules.allow_legacy); !usable)
        return usable.error().within(certificate.subject());
      const auto name = free_name(contents, EntryKind::ca, certificate);
      put(contents, {EntryKind::ca, name, certificate});
      added.push_back(describe(CertificateEntry{EntryKind::ca, name, certificate}));
    }
    return {};
  });
  if (!changed) return changed.error();
  return Json{{"items", std::move(added)}};
}

Result<Json> ca_list(const Task& task, const Json&) {
  const auto contents = task.store.load();
  if (!contents) return contents.error();
  return list_of(*contents, {EntryKind::ca});
}

Result<Json> ca_show(const Task& task, const Json& params) { return show(task, params, {EntryKind::ca}); }

Result<Json> ca_delete(const Task& task, const Json& params) {
  const auto name = text_of(params, "name");
  if (!name) return name.error();
  const auto changed =
      task.store.change([&](CertificateContents& contents) { return take_out(contents, EntryKind::ca, *name); });
  if (!changed) return changed.error();
  return Json{{"deleted", *name}};
}

Result<void> put_crl(CertificateContents& contents, const pki::Crl& crl) {
  const auto cas = contents.of_kind(EntryKind::ca);
  if (std::ranges::none_of(cas, [&](const pki::Certificate& ca) { return pki::signed_by(crl, ca); }))
    return Error{ErrorCode::refused,
                 "no CA that is known here signed the CRL of " + crl.issuer() + " (ipsec_mgr ca add)"};
  const auto id = crl_id(crl);
  const auto old = contents.crls.find(id);
  if (old != contents.crls.end() && old->second.this_update() > crl.this_update())
    return Error{ErrorCode::refused, "the CRL of " + crl.issuer() + " is older than the one that is there"};
  contents.crls.insert_or_assign(id, crl);
  return {};
}

// Before the list ends, by a tenth of its life.
static seconds refresh_in(const pki::Crl& crl, WallTime now) {
  constexpr seconds shortest{60}, longest{24 * 3600};
  const auto next = crl.next_update();
  if (!next) return longest;
  const auto wait = std::chrono::duration_cast<seconds>(*next - now - (*next - crl.this_update()) / 10);
  return std::clamp(wait, shortest, longest);
}

Result<Json> crl_add(const Task& task, const Json& params) {
  Json added = Json::array();
  const auto url = optional_text(params, "url");
  if (!url.empty()) {
    const bool known = url.starts_with("http://") || url.starts_with("ldap://");
    if (!known || url.size() > 1024 || escape_control(url) != url || url.find(' ') != std::string::npos)
      return Error{ErrorCode::invalid_input, "a CRL is fetched from http://... or ldap://..."};
    const auto changed = task.store.change([&](CertificateContents& contents) -> Result<void> {
      if (std::ranges::find(contents.sources, url) == contents.sources.end()) contents.sources.push_back(url);
      return {};
    });
    if (!changed) return changed.error();
    return Json{{"items", std::move(added)}, {"source", url}};
  }
  const auto bundle = bundle_of(params);
  if (!bundle) return bundle.error();
  if (bundle->crls.empty()) return Error{ErrorCode::invalid_input, "the file holds no CRL"};
  const auto changed = task.store.change([&](CertificateContents& contents) -> Result<void> {
    for (const auto& crl : bundle->crls) {
      if (auto put = put_crl(contents, crl); !put) return put;
      added.push_back(describe(crl));
      added.back()["refresh_seconds"] = refresh_in(crl, task.now).count();
    }
    return {};
  });
  if (!changed) return changed.error();
  return Json{{"items", std::move(added)}};
}

Result<Json> crl_list(const Task& task, const Json&) {
  const auto contents = task.store.load();
  if (!contents) return contents.error();
  Json items = Json::array();
  for (const auto& [id, crl] : contents->crls) items.push_back(describe(crl));
  return Json{
      {"items", std::move(items)}, {"sources", contents->sources}, {"damaged", contents->damaged}, {"next", nullptr}};
}

Result<Json> crl_delete(const Task& task, const Json& params) {
  const auto id = text_of(params, "id");
  if (!id) return id.error();
  const auto changed = task.store.change([&](CertificateContents& contents) -> Result<void> {
    if (contents.crls.erase(*id) + std::erase(contents.sources, *id) != 0) return {};
    return Error{ErrorCode::not_found, "there is no CRL and no source of CRLs \"" + escape_control(*id) + "\""};
  });
  if (!changed) return changed.error();
  return Json{{"deleted", *id}};
}

}  // namespace certstore
}  // namespace ipsec9000
