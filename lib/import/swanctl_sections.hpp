// The sections and settings of a file in the manner of strongswan.conf, with their places. Internal to the importer.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "import/draft.hpp"

namespace ipsec9000 {

struct SwanctlSetting {
  std::string key;
  std::string value;
  Position where;
};

struct SwanctlSection {
  std::string name;
  Position where;
  std::vector<SwanctlSetting> settings;
  std::vector<SwanctlSection> sections;

  const SwanctlSetting* setting(std::string_view key) const;  // the last of that name; null when there is none
  const SwanctlSection* section(std::string_view name) const;
};

// The root. Mistakes are errors of the draft; includes and references to other sections, which are not followed, are
// warnings. Nesting deeper than 8 is refused.
SwanctlSection read_swanctl_sections(std::string_view text, Draft& draft);

}  // namespace ipsec9000
