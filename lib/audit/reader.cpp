#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <vector>

#include "audit/file.hpp"
#include "base/text.hpp"

namespace ipsec9000 {

namespace fs = std::filesystem;

namespace {

// A record nests two deep. Deeper JSON is refused while it is parsed, so that no depth can be costly.
Result<AuditRecord> parse_line(std::string_view line) {
  constexpr int max_depth = 3;
  bool too_deep = false;
  const auto json = Json::parse(
      line.begin(), line.end(),
      [&](int depth, Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > max_depth;
        return !too_deep;
      },
      false);
  if (too_deep || json.is_discarded()) return Error{ErrorCode::invalid_input, "not one JSON object"};
  return audit_record_from_json(json);
}

// Cuts a stream into lines and keeps at most one of max_audit_line bytes.
class LineReader {
 public:
  LineReader(const OnAuditRecord& on_record, const OnBrokenAuditLine& on_broken)
      : on_record_(on_record), on_broken_(on_broken) {}

  void feed(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto newline = bytes.find('\n');
      take(bytes.substr(0, newline));
      if (newline == std::string_view::npos) return;
      end_of_line();
      bytes.remove_prefix(newline + 1);
    }
  }

  AuditReadSummary finish() {
    if (too_long_ || !line_.empty()) {
      ++number_;
      broken({ErrorCode::truncated, "the last line is cut off"});
    }
    return summary_;
  }

 private:
  void take(std::string_view bytes) {
    if (line_.size() + bytes.size() > max_audit_line) too_long_ = true;
    if (too_long_) {
      line_.clear();
    } else {
      line_ += bytes;
    }
  }

  void end_of_line() {
    ++number_;
    if (too_long_) {
      broken({ErrorCode::invalid_input, "longer than a record can be"});
    } else if (auto record = parse_line(line_)) {
      ++summary_.records;
      if (on_record_) on_record_(std::move(*record));
    } else {
      broken(record.error());
    }
    line_.clear();
    too_long_ = false;
  }

  void broken(const Error& why) {
    ++summary_.broken;
    if (on_broken_) on_broken_(number_, why);
  }

  const OnAuditRecord& on_record_;
  const OnBrokenAuditLine& on_broken_;
  AuditReadSummary summary_;
  std::uint64_t number_ = 0;
  std::string line_;
  bool too_long_ = false;
};

// Newest first: by the stamp in the name, then by the number behind it.
std::vector<fs::path> newest_files(const fs::path& directory) {
  std::vector<std::pair<std::pair<std::string, std::uint64_t>, fs::path>> found;
  std::error_code failure;
  for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end; entry.increment(failure)) {
    const auto name = entry->path().filename().string();
    if (!name.starts_with(audit_file_prefix) || !name.ends_with(audit_file_suffix)) continue;
    const auto middle =
        name.substr(audit_file_prefix.size(), name.size() - audit_file_prefix.size() - audit_file_suffix.size());
    const auto dash = middle.find('-');
    const auto place =
        dash == std::string::npos ? 1 : parse_number(std::string_view(middle).substr(dash + 1)).value_or(0);
    found.push_back({{middle.substr(0, dash), place}, entry->path()});
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<fs::path> paths;
  paths.reserve(found.size());
  for (auto& file : found) paths.push_back(std::move(file.second));
  return paths;
}

// Reads the last `most` bytes of the file.
Result<AuditReadSummary> read_lines(const fs::path& path, std::uint64_t most, const OnAuditRecord& on_record,
                                    const OnBrokenAuditLine& on_broken) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return system_error(path.string());
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error(path.string());
  if (!S_ISREG(status.st_mode)) return Error{ErrorCode::invalid_input, path.string() + ": not a regular file"};
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > most && ::lseek(file.get(), static_cast<off_t>(size - most), SEEK_SET) < 0)
    return system_error(path.string());
  LineReader lines(on_record, on_broken);
  std::array<char, 65536> chunk{};
  while (true) {
    const auto count = ::read(file.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(path.string());
    if (count == 0) return lines.finish();
    lines.feed({chunk.data(), static_cast<std::size_t>(count)});
  }
}

}  // namespace

Result<AuditReadSummary> read_audit_file(const fs::path& path, const OnAuditRecord& on_record,
                                         const OnBrokenAuditLine& on_broken) {
  return read_lines(path, UINT64_MAX, on_record, on_broken);
}

std::uint64_t last_audit_number(const fs::path& directory) {
  constexpr std::size_t files_to_look_at = 64;  // the newest may be empty or torn
  std::size_t looked = 0;
  for (const auto& path : newest_files(directory)) {
    if (++looked > files_to_look_at) break;
    std::uint64_t last = 0;
    const OnAuditRecord remember = [&](const AuditRecord& record) { last = std::max(last, record.number); };
    const auto summary = read_lines(path, 2 * max_audit_line, remember, {});
    if (summary && last != 0) return last;
  }
  return 0;
}

}  // namespace ipsec9000
