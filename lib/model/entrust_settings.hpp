// The Entrust way: /etc/ipsec9000/entrust.ini names the CA's manager and its directories.
//
//   [Entrust Settings]
//   Manager=http://manager.example:829/pkix/
//   Server=ldap://directory.example:389         (as many as there are; HOST+PORT as it used to be written is taken too)
//   RootFingerprint=AB:CD:...                   (SHA-256 of a root that may be taken from a directory, as many as there
//                                                are: a directory proves nothing, the administrator vouches)
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.hpp"
#include "base/result.hpp"

namespace ipsec9000 {

struct EntrustSettings {
  std::string manager;                   // URL; "" where there is none
  std::vector<std::string> directories;  // "ldap://host:port", without a slash at the end
  std::vector<std::string> roots;        // fingerprints in hex
  bool operator==(const EntrustSettings&) const = default;
};

struct IniMistake {
  std::uint32_t line = 0;  // 0: of the file as a whole
  std::string key;         // "" where there is none that is known
  std::string text;
};

// not_found: no such file. invalid_input names file, line and key, and puts them into `mistake` each by itself.
Result<EntrustSettings> read_entrust_ini(const std::filesystem::path& path, IniMistake* mistake = nullptr);
Result<EntrustSettings> parse_entrust_ini(std::string_view text, IniMistake* mistake = nullptr);
std::filesystem::path entrust_ini(const std::filesystem::path& configuration);  // beside ipsec.json

// {"manager", "directories", "roots"}: what secpolicyd tells ikpmd.
Json to_json(const EntrustSettings& settings);
Result<EntrustSettings> entrust_settings_from_json(const Json& json);

}  // namespace ipsec9000
