// The audit file on disk: one JSON object a line, a new file when the current one is full; and reading it again.
#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "audit/chain.hpp"
#include "audit/record.hpp"
#include "base/files.hpp"

namespace ipsec9000 {

inline constexpr std::string_view audit_file_prefix = "audit-";
inline constexpr std::string_view audit_file_suffix = ".log";

// Writes records into DIRECTORY/audit-YYYYMMDDThhmmssZ.log (0600; "-2" and so on is added before ".log" where that
// name is taken). Never appends to a file that it did not create itself, never follows a symbolic link in the last
// component of the directory or of the file. Not locked: one process writes into a directory.
class AuditFile {
 public:
  struct Options {
    std::filesystem::path directory;    // made (0700) where missing
    std::uint32_t max_kilobytes = 100;  // of 1024 bytes; a file ends before the record that would exceed it
  };

  // Begins a new file. `after`: the trail that it continues.
  static Result<AuditFile> open(Options options, WallTime now, AuditPosition after = {});

  // Gives the record its number, ties it into the hash chain and appends it. When this fails (disk full) the file ends
  // with the last whole record, the number is not used up, and the next call tries again.
  Result<void> append(AuditRecord& record, WallTime now);

  // Begins a new file now, perhaps in another directory. When that fails, the old one stays in use.
  Result<void> rotate(WallTime now);
  Result<void> rotate(WallTime now, std::filesystem::path directory);

  void set_max_kilobytes(std::uint32_t kilobytes) { options_.max_kilobytes = kilobytes; }

  const std::filesystem::path& path() const { return path_; }
  const Options& options() const { return options_; }
  std::uint64_t size() const { return size_; }  // bytes in the current file
  const AuditPosition& position() const { return last_; }

 private:
  AuditFile() = default;
  Result<void> create(WallTime now);
  Result<void> write_line(const std::string& line);
  bool is_full(std::size_t more) const {
    return size_ != 0 && size_ + more > std::uint64_t{options_.max_kilobytes} * 1024;
  }

  Options options_;
  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint64_t size_ = 0;
  AuditPosition last_;
  bool torn_ = false;  // the file ends in half a line that could not be taken back
};

struct AuditReadSummary {
  std::uint64_t records = 0;  // given to the callback
  std::uint64_t broken = 0;   // lines that are no record
};
using OnAuditRecord = std::function<void(AuditRecord)>;
using OnBrokenAuditLine = std::function<void(std::uint64_t line, const Error& why)>;  // lines count from 1

// Gives each record of the file in turn, and says which lines are broken (not JSON, not a record, too long, cut off at
// the end) and goes on behind them. Memory is bounded by max_audit_line whatever the file holds. Fails when the file
// cannot be opened or is not a regular file.
Result<AuditReadSummary> read_audit_file(const std::filesystem::path& path, const OnAuditRecord& on_record,
                                         const OnBrokenAuditLine& on_broken = {});

}  // namespace ipsec9000
