// ipsec.json as secpolicyd takes it over, and how a change of it is told.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/json_fwd.hpp"
#include "model/entrust_settings.hpp"
#include "policy/changes.hpp"
#include "policy/checked_text.hpp"
#include "policy/configuration.hpp"

namespace ipsec9000 {

struct ConfigurationFile {
  Configuration configuration;
  CheckedText text;
  bool silent = false;                // its check had no warning, those about this host aside
  std::vector<std::string> warnings;  // with file and line; those about this host too
};
// invalid_input: the text holds all messages, one a line.
Result<ConfigurationFile> check_configuration(std::string text, const std::filesystem::path& path);
Result<std::string> read_configuration(const std::filesystem::path& path);

// entrust.ini beside ipsec.json; one that is not there says nothing. invalid_input names file and line.
Result<EntrustSettings> read_entrust_settings(const std::filesystem::path& configuration);
// As a change of the configuration, of the section "entrust.ini"; none where nothing differs.
void add_entrust_changes(const EntrustSettings& before, const EntrustSettings& after,
                         std::vector<PolicyChange>& changes);

// {"changes": [...], "changed": their number}. An answer holds a megabyte: of very many changes only the first ones are
// listed, and "changed" counts all.
Json changes_answer(const std::vector<PolicyChange>& changes);

}  // namespace ipsec9000
