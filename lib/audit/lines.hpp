// Reading a file line by line with bounded memory. Internal to lib/audit.
#pragma once
#include <filesystem>
#include <functional>
#include <string_view>

#include "audit/record.hpp"
#include "base/result.hpp"

namespace ipsec9000 {

struct AuditLine {
  enum class Kind : std::uint8_t { whole, too_long, cut_off };  // cut_off: the last one, without its newline
  std::uint64_t number = 0;                                     // from 1, counted from where reading began
  Kind kind = Kind::whole;
  std::string_view text;  // of a whole line, without the newline; good during the call
};
using OnAuditLine = std::function<bool(const AuditLine&)>;  // false: no more, please

// Reads the last `most` bytes of the file; at most max_audit_line of it are in memory. Fails when the file cannot be
// opened or is not a regular file.
Result<void> read_audit_lines(const std::filesystem::path& path, std::uint64_t most, const OnAuditLine& on_line);

// One stored line as a record. Deep nesting is refused while it is parsed, so that no depth can be costly.
Result<AuditRecord> parse_audit_line(std::string_view line);
// The hash that a file's first line says it continues; "" when it says none.
std::string continued_hash(std::string_view line);

}  // namespace ipsec9000
