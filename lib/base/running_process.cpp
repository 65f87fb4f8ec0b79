#include "base/running_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/text.hpp"

namespace ipsec9000 {

std::optional<RunningProcess> RunningProcess::from_pid_file(const std::filesystem::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return std::nullopt;
  const auto text = read_file(path, 64);
  const auto number = text ? parse_number(trim(*text), INT32_MAX) : std::nullopt;
  if (!number || *number <= 1) return std::nullopt;
  auto process = from_child(static_cast<pid_t>(*number));
  if (!process) return std::nullopt;
  // Only now the lock: it is still held, so the process that the handle means is the one that wrote its number.
  if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  return process;
}

std::optional<RunningProcess> RunningProcess::from_child(pid_t pid) {
  FileDescriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!handle) return std::nullopt;
  return RunningProcess(pid, std::move(handle));
}

bool RunningProcess::wait_for_end(Duration limit) const {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (true) {
    const auto left = std::chrono::ceil<Duration>(deadline - std::chrono::steady_clock::now()).count();
    pollfd ended{handle_.get(), POLLIN, 0};
    const int count = ::poll(&ended, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (count > 0) return true;
    if (count == 0 || errno != EINTR) return false;
  }
}

void RunningProcess::kill() const { ::syscall(SYS_pidfd_send_signal, handle_.get(), SIGKILL, nullptr, 0); }

}  // namespace ipsec9000
