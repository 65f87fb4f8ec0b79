#include "base/write_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace ipsec9000 {

namespace {
constexpr auto patience = std::chrono::seconds(5);
constexpr auto pause = std::chrono::milliseconds(10);

// replace_file writes to ".NAME.XXXXXX" first. Whoever holds the lock is the only writer, so these are left-overs.
void remove_leftovers(const std::filesystem::path& target) {
  const auto prefix = "." + target.filename().string() + ".";
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(target.parent_path(), failure)) {
    const auto name = entry.path().filename().string();
    if (name.size() == prefix.size() + 6 && name.starts_with(prefix)) ::unlink(entry.path().c_str());
  }
}
}  // namespace

Result<WriteLock> WriteLock::acquire(const std::filesystem::path& target) {
  const auto path = target.parent_path() / ("." + target.filename().string() + ".lock");
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return system_error(path.string());
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return system_error(path.string());
    if (std::chrono::steady_clock::now() >= deadline)
      return Error{ErrorCode::timed_out, target.string() + ": another program has been writing to it for five seconds"};
    std::this_thread::sleep_for(pause);
  }
  remove_leftovers(target);
  return WriteLock(std::move(file));
}

}  // namespace ipsec9000
