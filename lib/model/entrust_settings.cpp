#include "model/entrust_settings.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/files.hpp"
#include "base/text.hpp"

namespace ipsec9000 {

namespace fs = std::filesystem;

namespace {
constexpr std::size_t ini_maximum = std::size_t{64} * 1024;
constexpr std::size_t directories_maximum = 16;

bool is_word(std::string_view text, std::string_view word) { return to_lower(text) == word; }

// "http://host/...", or as the original's file has it "host+port".
Result<std::string> url_from(std::string_view value, std::string_view scheme) {
  if (value.empty() || value.size() > 512 || escape_control(value) != value ||
      value.find(' ') != std::string_view::npos)
    return Error{ErrorCode::invalid_input, "no address"};
  const auto start = std::string(scheme) + "://";
  const bool whole = value.starts_with(start);
  if (!whole && value.find("://") != std::string_view::npos)
    return Error{ErrorCode::invalid_input, "not " + start + "..."};
  auto url = whole ? std::string(value) : start + std::string(value);
  if (const auto plus = url.rfind('+'); !whole && plus != std::string::npos) url[plus] = ':';
  const auto host = std::string_view(url).substr(start.size());
  if (host.empty() || host.front() == '/' || host.front() == ':' || host.front() == '?')
    return Error{ErrorCode::invalid_input, "an address without a host"};
  return url;
}

// SHA-256, as the openssl program writes it ("AB:CD:...") or as we do.
Result<std::string> fingerprint_from(std::string_view value) {
  std::string fingerprint;
  for (const char c : to_lower(value))
    if (c != ':') fingerprint.push_back(c);
  const auto bytes = from_hex(fingerprint);
  if (!bytes || bytes->size() != 32)
    return Error{ErrorCode::invalid_input, "no SHA-256 fingerprint (openssl x509 -noout -fingerprint -sha256)"};
  return fingerprint;
}

Result<void> take_value(EntrustSettings& settings, std::string_view word, std::string_view value) {
  if (word == "manager") {
    auto url = url_from(value, "http");
    if (!url) return url.error();
    if (!settings.manager.empty()) return Error{ErrorCode::invalid_input, "a second Manager"};
    settings.manager = std::move(*url);
  } else if (word == "server") {
    auto url = url_from(value, "ldap");
    if (!url) return url.error();
    if (settings.directories.size() >= directories_maximum)
      return Error{ErrorCode::invalid_input, "more than " + std::to_string(directories_maximum) + " directories"};
    while (url->ends_with('/')) url->pop_back();
    settings.directories.push_back(std::move(*url));
  } else {
    auto fingerprint = fingerprint_from(value);
    if (!fingerprint) return fingerprint.error();
    if (settings.roots.size() >= directories_maximum)
      return Error{ErrorCode::invalid_input, "more than " + std::to_string(directories_maximum) + " roots"};
    settings.roots.push_back(std::move(*fingerprint));
  }
  return {};
}

std::optional<IniMistake> take_line(EntrustSettings& settings, std::string_view line) {
  static constexpr std::array<std::string_view, 3> words = {"Manager", "Server", "RootFingerprint"};
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return IniMistake{0, "", "neither [SECTION] nor KEY=VALUE"};
  const auto typed = to_lower(trim(line.substr(0, equals)));
  const auto* word = std::ranges::find_if(words, [&](std::string_view each) { return to_lower(each) == typed; });
  if (word == words.end()) return std::nullopt;  // the original's file has other keys, which mean nothing here
  const auto taken = take_value(settings, typed, trim(line.substr(equals + 1)));
  if (taken) return std::nullopt;
  return IniMistake{0, std::string(*word), taken.error().text};
}
}  // namespace

Result<EntrustSettings> parse_entrust_ini(std::string_view text, IniMistake* mistake) {
  EntrustSettings settings;
  bool ours = false;
  std::uint32_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = trim(text.substr(at, end - at));
    at = end + 1;
    ++number;
    if (line.empty() || line.front() == ';' || line.front() == '#') continue;
    if (line.front() == '[') {
      ours = is_word(line, "[entrust settings]");
      continue;
    }
    if (!ours) continue;
    if (auto found = take_line(settings, line)) {
      found->line = number;
      const Error error{ErrorCode::invalid_input, found->text};
      if (mistake != nullptr) *mistake = *found;
      return (found->key.empty() ? error : error.within(found->key)).within("line " + std::to_string(number));
    }
  }
  return settings;
}

Result<EntrustSettings> read_entrust_ini(const fs::path& path, IniMistake* mistake) {
  const auto text = read_file(path, ini_maximum);
  if (!text) {
    if (mistake != nullptr) *mistake = {0, "", text.error().text};
    return text.error();
  }
  auto settings = parse_entrust_ini(*text, mistake);
  if (!settings) return settings.error().within(path.string());
  return settings;
}

fs::path entrust_ini(const fs::path& configuration) { return configuration.parent_path() / "entrust.ini"; }

Json to_json(const EntrustSettings& settings) {
  return {{"manager", settings.manager}, {"directories", settings.directories}, {"roots", settings.roots}};
}

Result<EntrustSettings> entrust_settings_from_json(const Json& json) {
  const auto is_text = [](const Json& each) { return each.is_string(); };
  const auto list = [&](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_array() && std::all_of(found->begin(), found->end(), is_text);
  };
  if (!json.is_object() || !json.contains("manager") || !json["manager"].is_string() || !list("directories") ||
      !list("roots"))
    return Error{ErrorCode::invalid_input, "\"entrust\" must have a manager, directories and roots"};
  return EntrustSettings{json["manager"].get<std::string>(), json["directories"].get<std::vector<std::string>>(),
                         json["roots"].get<std::vector<std::string>>()};
}

}  // namespace ipsec9000
