#include "audit/events.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/text.hpp"

namespace ipsec9000 {

namespace {

constexpr std::array<std::string_view, 5> level_names = {"alert", "error", "warning", "informative", "debug"};

constexpr const AuditEvent* catalogue[] = {
#define IPSEC9000_AUDIT_EVENT(name, id, level, sentence, meaning) &audit::name,
#include "audit/events.def"
#undef IPSEC9000_AUDIT_EVENT
};

}  // namespace

std::string_view to_string(AuditLevel level) {
  const auto index = static_cast<std::size_t>(level);
  return index < level_names.size() ? level_names[index] : "unknown";
}

Result<AuditLevel> parse_audit_level(std::string_view text) {
  const auto wanted = to_lower(text);
  const auto* found = std::find(level_names.begin(), level_names.end(), wanted);
  if (found != level_names.end()) return static_cast<AuditLevel>(found - level_names.begin());
  const std::vector<std::string> names(level_names.begin(), level_names.end());
  auto message = "\"" + escape_control(text.substr(0, 64)) + "\" is not an audit level (" + join(names, ", ") + ")";
  if (auto near = nearest_word(text, names)) message += "; did you mean \"" + *near + "\"?";
  return Error{ErrorCode::invalid_input, message};
}

std::span<const AuditEvent* const> all_events() { return catalogue; }

const AuditEvent* find_event(std::string_view id) {
  const auto* found =
      std::find_if(std::begin(catalogue), std::end(catalogue), [&](const auto* event) { return event->id == id; });
  return found == std::end(catalogue) ? nullptr : *found;
}

}  // namespace ipsec9000
