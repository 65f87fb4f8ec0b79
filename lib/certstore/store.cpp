#include "certstore/store.hpp"

#include <algorithm>

#include "base/files.hpp"
#include "base/text.hpp"
#include "base/write_lock.hpp"
#include "crypto/hash.hpp"

namespace ipsec9000 {

namespace fs = std::filesystem;

namespace {
constexpr std::size_t sources_maximum = std::size_t{64} * 1024;
constexpr std::size_t crls_maximum = 1000;

std::string_view as_view(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

fs::path crl_path(const fs::path& directory, const std::string& id) { return directory / ("crl-" + id + ".der"); }

void load_crls(const fs::path& directory, CertificateContents& contents) {
  std::error_code none;
  for (const auto& file : fs::directory_iterator(directory, none)) {
    const auto name = file.path().filename().string();
    if (!name.starts_with("crl-") || !name.ends_with(".der") || contents.crls.size() >= crls_maximum) continue;
    const auto bytes = read_file(file.path(), pki::crl_bytes_maximum);
    auto crl = bytes ? pki::Crl::parse(as_bytes(*bytes)) : bytes.error();
    if (crl)
      contents.crls.insert_or_assign(crl_id(*crl), std::move(*crl));
    else
      contents.damaged.push_back(escape_control(file.path().string()) +
                                 " is damaged and does not count: " + crl.error().text);
  }
}

Result<std::vector<std::string>> load_sources(const fs::path& path) {
  std::vector<std::string> sources;
  const auto text = read_file(path, sources_maximum);
  if (!text) return text.error().code == ErrorCode::not_found ? Result(sources) : text.error();
  std::size_t at = 0;
  while (at < text->size()) {
    const auto end = std::min(text->find('\n', at), text->size());
    if (end > at) sources.push_back(text->substr(at, end - at));
    at = end + 1;
  }
  return sources;
}

std::string write_sources(const std::vector<std::string>& sources) {
  std::string text;
  for (const auto& source : sources) text += source + "\n";
  return text;
}
}  // namespace

const CertificateEntry* CertificateContents::find(EntryKind kind, std::string_view name) const {
  const auto found =
      std::ranges::find_if(entries, [&](const auto& entry) { return entry.kind == kind && entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

const CertificateEntry* CertificateContents::find_authority(const Bytes& subject_der) const {
  const auto found = std::ranges::find_if(entries, [&](const auto& entry) {
    return entry.kind == EntryKind::ca && entry.certificate.subject_der() == subject_der;
  });
  return found == entries.end() ? nullptr : &*found;
}

std::vector<pki::Certificate> CertificateContents::of_kind(EntryKind kind) const {
  std::vector<pki::Certificate> certificates;
  for (const auto& entry : entries)
    if (entry.kind == kind) certificates.push_back(entry.certificate);
  return certificates;
}

std::string crl_id(const pki::Crl& crl) {
  return to_hex(digest(HashAlgorithm::sha256, {ByteView(crl.issuer_der())})).substr(0, 8);
}

Result<CertificateContents> CertificateStore::load() const {
  CertificateContents contents;
  const auto text = read_file(directory_ / "certs.txt", entries_file_maximum);
  if (!text && text.error().code != ErrorCode::not_found) return text.error();
  if (text) {
    auto entries = read_entries(*text);
    if (!entries) return entries.error().within((directory_ / "certs.txt").string());
    contents.entries = std::move(*entries);
  }
  load_crls(directory_, contents);
  auto sources = load_sources(directory_ / "sources.txt");
  if (!sources) return sources.error();
  contents.sources = std::move(*sources);
  return contents;
}

Result<void> CertificateStore::write(const CertificateContents& before, const CertificateContents& after) const {
  const auto entries = write_entries(after.entries);
  if (entries != write_entries(before.entries))
    if (auto written = replace_file(directory_ / "certs.txt", entries); !written) return written;
  if (after.sources != before.sources)
    if (auto written = replace_file(directory_ / "sources.txt", write_sources(after.sources)); !written) return written;
  for (const auto& [id, crl] : after.crls) {
    const auto old = before.crls.find(id);
    if (old != before.crls.end() && old->second.fingerprint() == crl.fingerprint()) continue;
    if (auto written = replace_file(crl_path(directory_, id), as_view(crl.der())); !written) return written;
  }
  std::error_code ignored;
  for (const auto& [id, crl] : before.crls)
    if (!after.crls.contains(id)) fs::remove(crl_path(directory_, id), ignored);
  return {};
}

Result<void> CertificateStore::change(const Change& change) const {
  if (auto made = make_directory(directory_, 0700); !made) return made;
  const auto lock = WriteLock::acquire(directory_ / "certs.txt");
  if (!lock) return lock.error();
  auto before = load();
  if (!before) return before.error();
  auto after = *before;
  if (auto changed = change(after); !changed) return changed;
  return write(*before, after);
}

}  // namespace ipsec9000
