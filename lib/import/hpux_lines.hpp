// The lines of an ipsec_config batch file: an action, an object, a name, options. Internal to the importer.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "import/draft.hpp"

namespace ipsec9000 {

struct HpuxWord {
  std::string text;
  Position where;
};

struct HpuxCommand {
  std::string object;                                                 // "host"; the action is always "add"
  HpuxWord name;                                                      // of the object; for startup empty
  std::map<std::string, std::vector<HpuxWord>, std::less<>> options;  // by their whole names, without "-"

  // The last one given; null when it was not.
  const HpuxWord* option(std::string_view name) const;
};

// Every "add" of an object that we know. What is not of the language is an error, what has no place here a warning.
std::vector<HpuxCommand> read_hpux_lines(std::string_view text, Draft& draft);

}  // namespace ipsec9000
