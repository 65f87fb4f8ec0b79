#include "audit/lines.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/files.hpp"

namespace ipsec9000 {

namespace {

Result<Json> parse_shallow(std::string_view line) {
  if (!line.starts_with('{')) return Error{ErrorCode::invalid_input, "not one JSON object"};  // garbage costs little
  constexpr int max_depth = 3;                                                                // a record nests two deep
  bool too_deep = false;
  auto json = Json::parse(
      line.begin(), line.end(),
      [&](int depth, Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > max_depth;
        return !too_deep;
      },
      false);
  if (too_deep || json.is_discarded()) return Error{ErrorCode::invalid_input, "not one JSON object"};
  return json;
}

// Cuts a stream into lines and keeps at most one of max_audit_line bytes.
class LineCutter {
 public:
  explicit LineCutter(const OnAuditLine& on_line) : on_line_(on_line) {}

  bool feed(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto newline = bytes.find('\n');
      take(bytes.substr(0, newline));
      if (newline == std::string_view::npos) return true;
      if (!end_of_line()) return false;
      bytes.remove_prefix(newline + 1);
    }
    return true;
  }

  void finish() {
    if (too_long_ || !line_.empty()) on_line_({number_ + 1, AuditLine::Kind::cut_off, {}});
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

  bool end_of_line() {
    const bool go_on = on_line_({++number_, too_long_ ? AuditLine::Kind::too_long : AuditLine::Kind::whole, line_});
    line_.clear();
    too_long_ = false;
    return go_on;
  }

  const OnAuditLine& on_line_;
  std::uint64_t number_ = 0;
  std::string line_;
  bool too_long_ = false;
};

}  // namespace

Result<AuditRecord> parse_audit_line(std::string_view line) {
  const auto json = parse_shallow(line);
  if (!json) return json.error();
  return audit_record_from_json(*json);
}

std::string continued_hash(std::string_view line) {
  const auto json = parse_shallow(line);
  if (!json || !json->is_object()) return "";
  const auto found = json->find("continues");
  return found != json->end() && found->is_string() ? found->get<std::string>() : "";
}

Result<void> read_audit_lines(const std::filesystem::path& path, std::uint64_t most, const OnAuditLine& on_line) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return system_error(path.string());
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error(path.string());
  if (!S_ISREG(status.st_mode)) return Error{ErrorCode::invalid_input, path.string() + ": not a regular file"};
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > most && ::lseek(file.get(), static_cast<off_t>(size - most), SEEK_SET) < 0)
    return system_error(path.string());
  LineCutter lines(on_line);
  std::array<char, 65536> chunk{};
  while (true) {
    const auto count = ::read(file.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(path.string());
    if (count == 0) break;
    if (!lines.feed({chunk.data(), static_cast<std::size_t>(count)})) return {};
  }
  lines.finish();
  return {};
}

}  // namespace ipsec9000
