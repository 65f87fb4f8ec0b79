#include "audit/prune.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "audit/directory.hpp"
#include "base/text.hpp"

namespace ipsec9000 {

namespace fs = std::filesystem;

namespace {
struct Found {
  fs::path path;
  std::uint64_t size = 0;
  std::int64_t last_written = 0;  // seconds since the epoch
};

std::vector<Found> regular_files(const fs::path& directory) {
  std::vector<Found> found;
  for (auto& path : audit_files(directory)) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode))
      found.push_back({std::move(path), static_cast<std::uint64_t>(status.st_size), status.st_mtim.tv_sec});
  }
  return found;
}
}  // namespace

Result<AuditKeep> parse_audit_keep(std::string_view text) {
  const bool days = text.ends_with('d');
  const auto number = parse_number(days ? text.substr(0, text.size() - 1) : text, max_kept);
  if (!number || *number == 0)
    return Error{ErrorCode::invalid_input,
                 "expected how many files to keep, such as 10, or of how many days, such as 30d"};
  AuditKeep keep;
  (days ? keep.days : keep.files) = static_cast<std::uint32_t>(*number);
  return keep;
}

AuditPruning plan_pruning(const fs::path& directory, const fs::path& in_use, AuditKeep keep, WallTime now) {
  constexpr std::int64_t day = 86400;
  const auto oldest = std::chrono::floor<seconds>(now).time_since_epoch().count() - std::int64_t{keep.days} * day;
  const auto found = regular_files(directory);
  AuditPruning pruning;
  std::size_t place = 0;
  for (; place < found.size() && found[place].path.filename() != in_use.filename(); ++place) {
    const bool goes = keep.files != 0 ? found.size() - place > keep.files : found[place].last_written < oldest;
    if (!goes) break;
    pruning.files.push_back(found[place].path);
    pruning.bytes += found[place].size;
  }
  pruning.kept = found.size() - place;
  for (auto file = pruning.files.rbegin(); file != pruning.files.rend() && pruning.end.number == 0; ++file)
    if (auto end = last_audit_position(*file)) pruning.end = std::move(*end);
  return pruning;
}

Result<void> carry_out(const AuditPruning& pruning) {
  for (const auto& file : pruning.files)
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) return system_error("removing " + file.string());
  return {};
}

}  // namespace ipsec9000
