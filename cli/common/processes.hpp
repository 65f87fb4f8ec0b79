// Starting programs: the daemons, with their last words, and one-shot ones.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.hpp"
#include "base/time.hpp"

namespace ipsec9000::cli {

// ../libexec/ipsec9000 as seen from this program's own file, so that an installed tree may be moved.
std::filesystem::path daemon_directory();

// A daemon that was started and is not yet known to work.
class StartedDaemon {
 public:
  // In a session of its own, so that it outlives us and hears no keyboard; standard input and output are /dev/null;
  // standard error is a pipe to us for as long as we are there (SIGPIPE is ignored in the daemon). It stays our child
  // until we end, so that its end is noticed at once, and belongs to init afterwards.
  static Result<StartedDaemon> start(const std::filesystem::path& program, const std::vector<std::string>& arguments);

  // Once it has ended: its exit status, 128 + signal when a signal ended it.
  std::optional<int> exit_status();
  // What it has written to standard error so far; at most 64 kB are kept.
  const std::string& said();
  void kill() const;  // SIGKILL; it is our child, so its number is still its own

 private:
  StartedDaemon(pid_t pid, FileDescriptor errors) : pid_(pid), errors_(std::move(errors)) {}
  pid_t pid_;
  FileDescriptor errors_;
  std::string said_;
  std::optional<int> status_;
};

// Runs a program to its end, as above; its exit status, or timed_out after it was killed. `said` is what it wrote to
// standard error.
struct Finished {
  int status = 0;
  std::string said;
};
Result<Finished> run_to_end(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                            Duration limit);

}  // namespace ipsec9000::cli
