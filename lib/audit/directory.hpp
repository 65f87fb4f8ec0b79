// The audit files of a directory: in their order, where the trail ends, and mending what a crash has torn.
#pragma once
#include <filesystem>
#include <optional>
#include <vector>

#include "audit/chain.hpp"
#include "base/result.hpp"

namespace ipsec9000 {

// Oldest first: by the stamp in the name, then by the number behind it. Empty when there is no such directory.
std::vector<std::filesystem::path> audit_files(const std::filesystem::path& directory);

// The last record of the file that can be read; nothing when it holds none. Reads the file's end only.
std::optional<AuditPosition> last_audit_position(const std::filesystem::path& file);

// Where the trail of the directory's newest files ends.
AuditPosition audit_trail_end(const std::filesystem::path& directory);

struct MendedAuditFile {
  std::filesystem::path file;
  std::uint64_t bytes = 0;  // of the half line that was cut off
};
// Cuts off what a crash has left of a line at the end of the directory's newest file: it was never acknowledged, and
// its sender offers it again. Nothing: there was nothing to mend. A symbolic link is not followed.
Result<std::optional<MendedAuditFile>> mend_newest_audit_file(const std::filesystem::path& directory);

}  // namespace ipsec9000
