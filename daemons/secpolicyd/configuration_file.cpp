#include "configuration_file.hpp"

#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "policy/edit.hpp"
#include "policy/host_check.hpp"
#include "policy/parse.hpp"

namespace ipsec9000 {

Result<std::string> read_configuration(const std::filesystem::path& path) {
  auto text = read_file(path, maximum_configuration_bytes);
  if (!text) return Error{ErrorCode::invalid_input, escape_control(text.error().text)};
  return text;
}

Result<ConfigurationFile> check_configuration(std::string text, const std::filesystem::path& path) {
  auto parsed = parse_configuration(text, path.string());
  if (!parsed.valid()) return Error{ErrorCode::invalid_input, join(parsed.lines(), "\n")};
  const bool silent = parsed.messages.empty();
  parsed.text = std::move(text);
  add_host_warnings(parsed, path);
  auto warnings = parsed.lines();
  return ConfigurationFile{std::move(*parsed.configuration),
                           CheckedText(std::move(parsed.text), std::move(parsed.spans)), silent, std::move(warnings)};
}

Result<EntrustSettings> read_entrust_settings(const std::filesystem::path& configuration) {
  auto settings = read_entrust_ini(entrust_ini(configuration));
  if (!settings && settings.error().code == ErrorCode::not_found) return EntrustSettings{};
  if (!settings) return Error{ErrorCode::invalid_input, escape_control(settings.error().text)};
  return settings;
}

void add_entrust_changes(const EntrustSettings& before, const EntrustSettings& after,
                         std::vector<PolicyChange>& changes) {
  if (before == after) return;
  PolicyChange change{"entrust.ini", "", PolicyChange::Kind::changed, PolicyChange::Sas::none};
  const auto compare = [&](const char* field, const std::string& old, const std::string& now) {
    if (old != now) change.fields.push_back({field, old, now});
  };
  compare("Manager", before.manager, after.manager);
  compare("Server", join(before.directories, ", "), join(after.directories, ", "));
  compare("RootFingerprint", join(before.roots, ", "), join(after.roots, ", "));
  changes.push_back(std::move(change));
}

Json changes_answer(const std::vector<PolicyChange>& changes) {
  constexpr std::size_t most_bytes = 800'000;
  Json list = Json::array();
  std::size_t bytes = 0;
  for (const auto& change : changes) {
    auto told = to_json(change);
    bytes += told.dump().size();
    if (bytes > most_bytes) break;
    list.push_back(std::move(told));
  }
  return {{"changes", std::move(list)}, {"changed", changes.size()}};
}

}  // namespace ipsec9000
