// One writer at a time, over all processes.
#pragma once
#include <filesystem>

#include "base/files.hpp"

namespace ipsec9000 {

// Holds an flock on a file beside the target (the target itself is replaced, so it cannot carry the lock) for as long
// as it lives. Waits up to five seconds, then timed_out. Takes away temporary files that a crashed writer left.
class WriteLock {
 public:
  static Result<WriteLock> acquire(const std::filesystem::path& target);

 private:
  explicit WriteLock(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

}  // namespace ipsec9000
