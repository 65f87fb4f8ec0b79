#include "audit/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <nlohmann/json.hpp>

namespace ipsec9000 {

namespace fs = std::filesystem;

namespace {

constexpr unsigned max_same_second = 10000;  // files of one second before we give up

std::string file_name(WallTime now, unsigned attempt) {
  const std::time_t whole = std::chrono::floor<seconds>(now).time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  std::array<char, 64> stamp{};
  std::strftime(stamp.data(), stamp.size(), "%Y%m%dT%H%M%SZ", &parts);
  auto name = std::string(audit_file_prefix) + stamp.data();
  if (attempt > 1) name += "-" + std::to_string(attempt);
  return name + std::string(audit_file_suffix);
}

Result<FileDescriptor> open_directory(const fs::path& directory) {
  auto made = make_directory(directory, 0700);
  if (!made) return made.error().within("audit directory");
  FileDescriptor folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (folder) return folder;
  if (errno == ENOTDIR || errno == ELOOP)
    return Error{ErrorCode::invalid_input,
                 "audit directory " + directory.string() + " is a symbolic link or not a directory"};
  return system_error("audit directory " + directory.string());
}

std::string stored_line(const AuditRecord& record, const AuditPosition& after, bool first_in_file) {
  auto json = to_json(record);
  if (first_in_file) json["continues"] = after.chain;
  return chained_line(json.dump(-1, ' ', false, Json::error_handler_t::replace), after.chain) + "\n";
}

}  // namespace

Result<AuditFile> AuditFile::open(Options options, WallTime now, AuditPosition after) {
  AuditFile audit;
  audit.options_ = std::move(options);
  audit.last_ = std::move(after);
  auto created = audit.create(now);
  if (!created) return created.error();
  return audit;
}

Result<void> AuditFile::create(WallTime now) {
  const auto folder = open_directory(options_.directory);
  if (!folder) return folder.error();
  for (unsigned attempt = 1; attempt <= max_same_second; ++attempt) {
    const auto name = file_name(now, attempt);
    FileDescriptor file(
        ::openat(folder->get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file && errno == EEXIST) continue;
    if (!file) return system_error("audit file " + (options_.directory / name).string());
    if (file_) ::fsync(file_.get());  // what is finished is on the disk; a failure was reported by the writes before
    file_ = std::move(file);
    path_ = options_.directory / name;
    size_ = 0;
    torn_ = false;
    return {};
  }
  return Error{ErrorCode::already_exists,
               "audit directory " + options_.directory.string() + ": too many files of one second"};
}

Result<void> AuditFile::rotate(WallTime now) { return create(now); }

Result<void> AuditFile::rotate(WallTime now, fs::path directory) {
  std::swap(options_.directory, directory);
  auto created = create(now);
  if (!created) std::swap(options_.directory, directory);
  return created;
}

Result<void> AuditFile::append(AuditRecord& record, WallTime now) {
  const auto number_before = record.number;
  record.number = last_.number + 1;
  const auto make_line = [&] { return (torn_ ? "\n" : "") + stored_line(record, last_, size_ == 0); };
  auto line = make_line();
  Result<void> written;
  if (is_full(line.size())) {
    written = create(now);
    line = make_line();
  }
  if (written) written = write_line(line);
  if (!written) {
    record.number = number_before;
    return written;
  }
  size_ += line.size();
  torn_ = false;
  last_ = {record.number, std::string(split_chained_line(std::string_view(line).substr(0, line.size() - 1))->hash)};
  return {};
}

Result<void> AuditFile::write_line(const std::string& line) {
  std::string_view rest = line;
  while (!rest.empty()) {
    const auto count = ::write(file_.get(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      auto failure = system_error("audit file " + path_.string(), count < 0 ? errno : ENOSPC);
      // Takes a half-written line back. Where even that fails, the next line begins with a newline of its own.
      if (rest.size() < line.size()) torn_ = ::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0;
      return failure;
    }
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace ipsec9000
