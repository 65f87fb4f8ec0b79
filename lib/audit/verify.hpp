// Checks the hash chain of an audit file: has a record been removed, changed or cut off since it was written?
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/chain.hpp"
#include "base/result.hpp"

namespace ipsec9000 {

struct AuditFault {
  std::uint64_t line = 0;  // 0: of the file as a whole
  std::string text;        // a sentence without its full stop, safe to show
};
using OnAuditFault = std::function<void(const AuditFault&)>;

struct AuditVerdict {
  std::uint64_t records = 0;
  std::uint64_t first = 0;  // numbers; 0: there is none
  std::uint64_t last = 0;
  std::uint64_t faults = 0;
  std::vector<std::string> remarks;  // what could not be checked
};

// Reads the whole file in bounded memory, and of the files before and after it in its directory what joins them to it.
// `end`: where secauditd says that its trail ends, which tells whether records were cut off the newest file.
// Whoever can write the file can also make its whole chain anew; against that only a copy elsewhere helps.
Result<AuditVerdict> verify_audit_file(const std::filesystem::path& path, const OnAuditFault& on_fault,
                                       const std::optional<AuditPosition>& end = {});

}  // namespace ipsec9000
