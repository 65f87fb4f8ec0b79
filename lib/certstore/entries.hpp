// certs/certs.txt: one entry a certificate, in PEM, with lines for people above it.
//
//   entry: own gate
//   subject: O=Example, CN=gate
//   ...
//   -----BEGIN CERTIFICATE-----
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "pki/certificate.hpp"

namespace ipsec9000 {

enum class EntryKind : std::uint8_t { own, peer, ca };
std::string_view to_string(EntryKind kind);  // "own", "peer", "ca"

struct CertificateEntry {
  EntryKind kind = EntryKind::own;
  std::string name;  // is_entry_name; one certificate a kind and name
  pki::Certificate certificate;
};

inline constexpr std::size_t entries_maximum = 20'000;
inline constexpr std::size_t entries_file_maximum = 64 << 20;

// 1 to 63 of A-Z a-z 0-9 _ - . and not a dot first.
bool is_entry_name(std::string_view name);
// Such a name from any text, "certificate" where nothing of it can stay.
std::string entry_name_from(std::string_view text);

std::string write_entries(const std::vector<CertificateEntry>& entries);
// What counts are the "entry:" lines and the PEM; invalid_input names the entry that cannot be read.
Result<std::vector<CertificateEntry>> read_entries(std::string_view text);

}  // namespace ipsec9000
