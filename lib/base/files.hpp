// Files, read and replaced whole.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ipsec9000 {

// Fails when the file is larger than `maximum` bytes, is not a regular file, or cannot be read.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t maximum = 64 << 20);

// Replaces the file in one step: a crash leaves the old content or the new, never half. The new file has `mode`, and
// is on the disk (fsync of file and directory) when this returns.
Result<void> replace_file(const std::filesystem::path& path, std::string_view content, unsigned mode = 0600);

// Creates the directory and its parents where missing; the last one gets `mode`.
Result<void> make_directory(const std::filesystem::path& path, unsigned mode);

// A file descriptor that closes itself.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() {
    int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset();

 private:
  int fd_ = -1;
};

// Where everything lies (DESIGN section 2), all of it below `root` ("" in production).
struct Paths {
  std::filesystem::path root;
  std::filesystem::path configuration() const;                    // /etc/ipsec9000/ipsec.json
  std::filesystem::path state_directory() const;                  // /var/lib/ipsec9000
  std::filesystem::path keystore() const;                         // /var/lib/ipsec9000/keystore.json
  std::filesystem::path certificates() const;                     // /var/lib/ipsec9000/certs
  std::filesystem::path log_directory() const;                    // /var/log/ipsec9000
  std::filesystem::path run_directory() const;                    // /run/ipsec9000
  std::filesystem::path socket(std::string_view daemon) const;    // /run/ipsec9000/DAEMON.sock
  std::filesystem::path pid_file(std::string_view daemon) const;  // /run/ipsec9000/DAEMON.pid
  std::filesystem::path below_root(const std::filesystem::path& absolute) const;
};

}  // namespace ipsec9000
