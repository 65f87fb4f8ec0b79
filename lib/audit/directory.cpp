#include "audit/directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "audit/file.hpp"
#include "audit/lines.hpp"
#include "base/text.hpp"

namespace ipsec9000 {

namespace fs = std::filesystem;

namespace {
constexpr std::size_t files_to_look_at = 64;  // the newest may be empty or torn

// The bytes behind the last newline, at most a line's length and one more.
Result<std::uint64_t> unfinished_bytes(int file, std::uint64_t size) {
  const auto looked_at = std::min<std::uint64_t>(size, max_audit_line + 1);
  std::string tail(looked_at, '\0');
  const auto count = ::pread(file, tail.data(), tail.size(), static_cast<off_t>(size - looked_at));
  if (count < 0 || static_cast<std::uint64_t>(count) != looked_at) return system_error("reading its end");
  const auto newline = tail.rfind('\n');
  return newline == std::string::npos ? looked_at : looked_at - newline - 1;
}
}  // namespace

std::vector<fs::path> audit_files(const fs::path& directory) {
  std::vector<std::pair<std::pair<std::string, std::uint64_t>, fs::path>> found;
  std::error_code failure;
  for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end; entry.increment(failure)) {
    const auto name = entry->path().filename().string();
    if (!name.starts_with(audit_file_prefix) || !name.ends_with(audit_file_suffix) ||
        name.size() < audit_file_prefix.size() + audit_file_suffix.size())
      continue;
    const auto middle =
        name.substr(audit_file_prefix.size(), name.size() - audit_file_prefix.size() - audit_file_suffix.size());
    const auto dash = middle.find('-');
    const auto place =
        dash == std::string::npos ? 1 : parse_number(std::string_view(middle).substr(dash + 1)).value_or(0);
    found.push_back({{middle.substr(0, dash), place}, entry->path()});
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<fs::path> paths;
  paths.reserve(found.size());
  for (auto& file : found) paths.push_back(std::move(file.second));
  return paths;
}

std::optional<AuditPosition> last_audit_position(const fs::path& file) {
  std::optional<AuditPosition> last;
  const auto remember = [&](const AuditLine& line) {
    if (line.kind != AuditLine::Kind::whole) return true;
    const auto record = parse_audit_line(line.text);
    if (!record || (last && record->number < last->number)) return true;
    last.emplace();
    last->number = record->number;
    if (const auto chained = split_chained_line(line.text)) last->chain = chained->hash;
    return true;
  };
  (void)read_audit_lines(file, 2 * max_audit_line, remember);
  return last;
}

AuditPosition audit_trail_end(const fs::path& directory) {
  const auto files = audit_files(directory);
  std::size_t looked = 0;
  for (auto file = files.rbegin(); file != files.rend() && looked < files_to_look_at; ++file, ++looked)
    if (auto last = last_audit_position(*file); last && last->number != 0) return *last;
  return {};
}

Result<std::optional<MendedAuditFile>> mend_newest_audit_file(const fs::path& directory) {
  const auto files = audit_files(directory);
  if (files.empty()) return std::optional<MendedAuditFile>();
  const auto& newest = files.back();
  const FileDescriptor file(::open(newest.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return system_error(newest.string());
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error(newest.string());
  if (!S_ISREG(status.st_mode)) return Error{ErrorCode::invalid_input, newest.string() + ": not a regular file"};
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const auto unfinished = unfinished_bytes(file.get(), size);
  if (!unfinished) return unfinished.error().within(newest.string());
  // No line of ours is that long: not a torn record, and not ours to cut.
  if (*unfinished == 0 || *unfinished > max_audit_line) return std::optional<MendedAuditFile>();
  if (::ftruncate(file.get(), static_cast<off_t>(size - *unfinished)) != 0) return system_error(newest.string());
  return std::optional(MendedAuditFile{newest, *unfinished});
}

}  // namespace ipsec9000
