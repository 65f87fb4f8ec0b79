// A process that is known by the lock it holds on its pid file.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <optional>

#include "base/files.hpp"
#include "base/time.hpp"

namespace ipsec9000 {

class RunningProcess {
 public:
  // The process that holds the lock; nothing when nobody does.
  static std::optional<RunningProcess> from_pid_file(const std::filesystem::path& path);
  // A process that cannot have ended and been forgotten yet: a child of ours. Nothing when it is not there.
  static std::optional<RunningProcess> from_child(pid_t pid);

  bool wait_for_end(Duration limit) const;  // true: it has ended
  void kill() const;                        // SIGKILL
  pid_t pid() const { return pid_; }
  int fd() const { return handle_.get(); }  // becomes readable when the process has ended

 private:
  RunningProcess(pid_t pid, FileDescriptor handle) : pid_(pid), handle_(std::move(handle)) {}
  pid_t pid_;
  FileDescriptor handle_;  // a pidfd: means this process, even when its number is given to another
};

}  // namespace ipsec9000
