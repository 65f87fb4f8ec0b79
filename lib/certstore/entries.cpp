#include "certstore/entries.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"
#include "pki/bundle.hpp"
#include "pki/identities.hpp"
#include "pki/pem.hpp"

namespace ipsec9000 {

namespace {
constexpr std::array<std::string_view, 3> kinds = {"own", "peer", "ca"};
constexpr std::string_view entry_word = "entry: ";
constexpr std::string_view pem_end = "-----END CERTIFICATE-----";

bool name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

struct Heading {
  EntryKind kind;
  std::string name;
};

std::optional<Heading> read_heading(std::string_view line) {
  line.remove_prefix(entry_word.size());
  const auto blank = line.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const auto found = std::ranges::find(kinds, line.substr(0, blank));
  const auto name = line.substr(blank + 1);
  if (found == kinds.end() || !is_entry_name(name)) return std::nullopt;
  return Heading{static_cast<EntryKind>(found - kinds.begin()), std::string(name)};
}
}  // namespace

std::string_view to_string(EntryKind kind) { return kinds.at(static_cast<std::size_t>(kind)); }

bool is_entry_name(std::string_view name) {
  return !name.empty() && name.size() <= 63 && name.front() != '.' && std::ranges::all_of(name, name_character);
}

std::string entry_name_from(std::string_view text) {
  std::string name;
  for (const char c : text)
    if (name.size() < 48) name.push_back(name_character(c) ? c : '_');
  while (name.starts_with('.') || name.starts_with('_')) name.erase(0, 1);
  return name.empty() ? "certificate" : name;
}

std::string write_entries(const std::vector<CertificateEntry>& entries) {
  std::string text = "IPSec/9000 certificates, one entry each. Changed by ipsec_mgr cert and ipsec_mgr ca.\n";
  for (const auto& [kind, name, certificate] : entries) {
    text += "\n" + std::string(entry_word) + std::string(to_string(kind)) + " " + name;
    text += "\nsubject: " + certificate.subject() + "\nissuer: " + certificate.issuer();
    text += "\nserial: " + certificate.serial() + "\nnames: " + pki::names_text(certificate);
    text += "\nvalid: " + to_rfc3339(certificate.not_before()) + " to " + to_rfc3339(certificate.not_after()) + "\n";
    text += pki::certificate_pem(certificate);
  }
  return text;
}

Result<std::vector<CertificateEntry>> read_entries(std::string_view text) {
  std::vector<CertificateEntry> entries;
  std::size_t at = text.starts_with(entry_word) ? 0 : text.find("\n" + std::string(entry_word));
  while (at != std::string_view::npos) {
    if (text[at] == '\n') ++at;
    const auto line = text.substr(at, text.find('\n', at) - at);
    const auto heading = read_heading(line);
    const auto end = text.find(pem_end, at);
    if (!heading || end == std::string_view::npos)
      return Error{ErrorCode::invalid_input, "\"" + escape_control(line) + "\" is no entry"};
    const auto next = end + pem_end.size();
    auto bundle = pki::read_bundle(as_bytes(text.substr(at, next - at)), {});
    if (!bundle || bundle->certificates.size() != 1)
      return Error{ErrorCode::invalid_input, "the certificate of \"" + escape_control(line) + "\" cannot be read"};
    if (entries.size() >= entries_maximum) return Error{ErrorCode::invalid_input, "too many entries"};
    entries.push_back({heading->kind, heading->name, std::move(bundle->certificates.front())});
    at = text.find("\n" + std::string(entry_word), next);
  }
  return entries;
}

}  // namespace ipsec9000
