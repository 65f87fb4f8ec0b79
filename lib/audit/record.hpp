// One audit record: as a value, as JSON (how it is sent and stored), as HP-UX showed it.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "audit/events.hpp"
#include "base/json_fwd.hpp"
#include "base/time.hpp"

namespace ipsec9000 {

using AuditFields = std::vector<std::pair<std::string, std::string>>;

struct AuditRecord {
  std::uint64_t number = 0;  // running, given by secauditd when it is written; 0 before
  std::string from;          // the program: "ikpmd"
  AuditLevel level = AuditLevel::error;
  WallTime time;            // when it happened; the epoch means not yet known
  std::string event;        // AuditEvent::id
  std::string text;         // the sentence, filled in
  std::string correlation;  // the same in all records of one negotiation; "" when there is none
  AuditFields fields;       // the sentence's values and perhaps more, one of a name

  bool operator==(const AuditRecord&) const = default;
};

// What a record may hold. make_record cuts to it, audit_record_from_json refuses what is beyond it, and so a record
// always fits into a line of the audit file and of the RPC.
inline constexpr std::size_t max_audit_value = 1000;  // bytes of a value before escaping (up to four times after)
inline constexpr std::size_t max_audit_text = 32768;
inline constexpr std::size_t max_audit_fields = 32;
inline constexpr std::size_t max_audit_line = 524288;  // of JSON, without the newline

// Fills the event's sentence. Values come from anywhere: they are escaped (escape_control) and cut. A placeholder
// without a value is left out, with the [bracketed] part or the blank before it. Number, time and from stay empty.
AuditRecord make_record(const AuditEvent& event, const AuditFields& fields = {});

Json to_json(const AuditRecord& record);
// Strict about types and sizes; unknown members are ignored. Control characters in texts are escaped on the way in, so
// that a forged file or sender cannot forge a line of what is shown.
Result<AuditRecord> audit_record_from_json(const Json& json);

// Two lines, in local time:
// Msg: 31 From: SECPOLICYD Lvl: ALERT Date: Friday Oct 19 16:12:30 2001
// Event: Integrity Check Value failure - ...
std::string to_hp_text(const AuditRecord& record);

}  // namespace ipsec9000
