// The catalogue of audit events: each is declared once, in events.def.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.hpp"

namespace ipsec9000 {

// In ascending verbosity: a level includes those before it.
enum class AuditLevel : std::uint8_t { alert, error, warning, informative, debug };

std::string_view to_string(AuditLevel level);                 // "alert" ... "debug"
Result<AuditLevel> parse_audit_level(std::string_view text);  // case does not count; names the nearest word otherwise

// A sentence holds {field} placeholders. A part in [brackets] is left out when one of its fields has no value.
struct AuditEvent {
  std::string_view id;  // "mm-timeout": stable, what programs look for
  AuditLevel level;
  std::string_view sentence;  // "MM negotiation timeout[ with the peer {remote}]": what the operator reads
  std::string_view meaning;   // what it says about the system and what to do, for the manual
};

namespace audit {
#define IPSEC9000_AUDIT_EVENT(name, id, level, sentence, meaning) \
  inline constexpr AuditEvent name{id, AuditLevel::level, sentence, meaning};
#include "audit/events.def"
#undef IPSEC9000_AUDIT_EVENT
}  // namespace audit

std::span<const AuditEvent* const> all_events();    // in the order of the catalogue
const AuditEvent* find_event(std::string_view id);  // null when there is none

}  // namespace ipsec9000
