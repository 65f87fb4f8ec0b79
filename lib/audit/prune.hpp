// Old audit files, removed on request only: which they are, and removing them. The chain of the files that stay begins
// in the middle then; a record says where, and verify_audit_file() looks for it.
#pragma once
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "audit/chain.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ipsec9000 {

// Which files stay. The file in use always does.
struct AuditKeep {
  std::uint32_t files = 0;  // the newest ones; 0: by days
  std::uint32_t days = 0;   // those written to within so many days
};
inline constexpr std::uint32_t max_kept = 1'000'000;
// "12": so many files; "30d": those of so many days.
Result<AuditKeep> parse_audit_keep(std::string_view text);

struct AuditPruning {
  std::vector<std::filesystem::path> files;  // oldest first
  std::uint64_t bytes = 0;
  AuditPosition end;     // of the newest record that goes
  std::size_t kept = 0;  // files
};
// Only from the old end on, so that what stays is in one piece. What is no regular file is left alone.
AuditPruning plan_pruning(const std::filesystem::path& directory, const std::filesystem::path& in_use, AuditKeep keep,
                          WallTime now);

// Stops at the first file that cannot be removed; what is before it is gone.
Result<void> carry_out(const AuditPruning& pruning);

}  // namespace ipsec9000
