// Configurations of other IPsec programs, carried over to ours as far as they go. Text in, values out: no file is read.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/configuration.hpp"
#include "policy/messages.hpp"

namespace ipsec9000 {

struct Import {
  Configuration configuration;    // what could be carried over; worth something only when understood()
  std::vector<std::string> keys;  // remotes for whom a key is to be set ("key set REMOTE"); keys are never carried over
  // Errors: the text is not of its language, or what came out would not be valid. Warnings: what was not carried over,
  // or means something else here. In the order of the text, with line and column.
  std::vector<ConfigurationMessage> messages;

  bool understood() const;
};

// A file for "ipsec_config batch" of HP-UX IPSec A.02 and A.03.
Import import_hpux(std::string_view text, std::string file_name);
// swanctl.conf of strongSwan: connections of IKE version 1 with one address on each side, and what is below them.
Import import_swanctl(std::string_view text, std::string file_name);

struct Importer {
  std::string_view name;     // as it is typed
  std::string_view summary;  // "an ipsec_config batch file of HP-UX IPSec"
  Import (*run)(std::string_view text, std::string file_name);
};
std::span<const Importer> importers();

inline constexpr std::size_t maximum_import_bytes = 4u << 20;

}  // namespace ipsec9000
