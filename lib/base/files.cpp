#include "base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace ipsec9000 {

namespace fs = std::filesystem;

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

void FileDescriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<std::string> read_file(const fs::path& path, std::size_t maximum) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return system_error(path.string());
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error(path.string());
  if (!S_ISREG(status.st_mode)) return Error{ErrorCode::invalid_input, path.string() + ": not a regular file"};
  std::string content;
  content.reserve(static_cast<std::size_t>(status.st_size));
  std::string chunk(std::size_t{64} * 1024, '\0');
  while (true) {
    const auto count = ::read(file.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(path.string());
    if (count == 0) return content;
    content.append(chunk, 0, static_cast<std::size_t>(count));
    if (content.size() > maximum)
      return Error{ErrorCode::invalid_input, path.string() + ": larger than " + std::to_string(maximum) + " bytes"};
  }
}

static Result<void> write_all(int fd, std::string_view content, const std::string& name) {
  while (!content.empty()) {
    const auto count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(name);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> replace_file(const fs::path& path, std::string_view content, unsigned mode) {
  const auto directory = path.parent_path();
  std::string temporary = (directory / ("." + path.filename().string() + ".XXXXXX")).string();
  const FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return system_error(temporary);
  auto written = write_all(file.get(), content, temporary);
  if (written && ::fchmod(file.get(), mode) != 0) written = system_error(temporary);
  if (written && ::fsync(file.get()) != 0) written = system_error(temporary);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = system_error(path.string());
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  const FileDescriptor folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return system_error(directory.string());
  return {};
}

Result<void> make_directory(const fs::path& path, unsigned mode) {
  std::error_code failure;
  if (fs::is_directory(path, failure)) return {};
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), failure);
  if (failure) return system_error(path.string(), failure.value());
  if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) != 0 && errno != EEXIST) return system_error(path.string());
  return {};
}

fs::path Paths::below_root(const fs::path& absolute) const {
  return root.empty() ? absolute : root / absolute.relative_path();
}
fs::path Paths::configuration() const { return below_root("/etc/ipsec9000/ipsec.json"); }
fs::path Paths::state_directory() const { return below_root("/var/lib/ipsec9000"); }
fs::path Paths::keystore() const { return state_directory() / "keystore.json"; }
std::filesystem::path Paths::certificates() const { return state_directory() / "certs"; }
fs::path Paths::log_directory() const { return below_root("/var/log/ipsec9000"); }
fs::path Paths::run_directory() const { return below_root("/run/ipsec9000"); }
fs::path Paths::socket(std::string_view daemon) const { return run_directory() / (std::string(daemon) + ".sock"); }
fs::path Paths::pid_file(std::string_view daemon) const { return run_directory() / (std::string(daemon) + ".pid"); }

}  // namespace ipsec9000
