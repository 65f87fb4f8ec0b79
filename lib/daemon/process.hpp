// What makes a process a daemon: its hardening, its pid file, its talk with the service manager.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/files.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ipsec9000 {

// Files that are made are for root only, no core dumps and no tracing by others (keys are in memory), SIGPIPE and
// SIGXFSZ ignored, descriptors 0 to 2 in use.
Result<void> harden_process();

// The daemon's claim to be the only one of its name below this root: a locked file with its process id. The lock goes
// with the process, however it ends; the file goes with this object.
class PidFile {
 public:
  // already_exists, with the other's process id in the text, when another process holds it.
  static Result<PidFile> claim(const std::filesystem::path& path);
  PidFile(PidFile&&) noexcept = default;
  PidFile& operator=(PidFile&&) noexcept = delete;
  ~PidFile();

 private:
  PidFile(std::filesystem::path path, FileDescriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  std::filesystem::path path_;
  FileDescriptor file_;
};

// sd_notify(3) without its library: "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=...". Nothing happens without a
// service manager that listens.
void notify_service_manager(std::string_view state);

// How often the service manager wants "WATCHDOG=1" (half of what it allows), if it does from this process.
std::optional<Duration> watchdog_interval();

}  // namespace ipsec9000
