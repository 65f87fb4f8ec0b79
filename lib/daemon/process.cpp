#include "daemon/process.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/text.hpp"

namespace ipsec9000 {

Result<void> harden_process() {
  ::umask(077);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an error like a full disk
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return system_error("forbidding core dumps");
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return system_error("forbidding core dumps");
  // A socket that became descriptor 2 would get our error messages.
  while (true) {
    const int fd = ::open("/dev/null", O_RDWR);
    if (fd < 0) return system_error("/dev/null");
    if (fd <= 2) continue;
    ::close(fd);
    return {};
  }
}

Result<PidFile> PidFile::claim(const std::filesystem::path& path) {
  constexpr int attempts = 100;  // another instance may just be removing the file
  for (int attempt = 0; attempt < attempts; ++attempt) {
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file) return system_error(path.string());
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return system_error(path.string());
      const auto holder = read_file(path, 64);
      const auto pid = holder ? parse_number(trim(*holder)) : std::nullopt;
      return Error{ErrorCode::already_exists, "another instance runs already (" +
                                                  (pid ? "process " + std::to_string(*pid) + ", " : "") +
                                                  path.string() + ")"};
    }
    struct stat ours {
    }, there{};
    if (::fstat(file.get(), &ours) != 0 || ::stat(path.c_str(), &there) != 0 || ours.st_ino != there.st_ino ||
        ours.st_dev != there.st_dev)
      continue;  // we locked what is no longer the file of this name
    const auto text = std::to_string(::getpid()) + "\n";
    if (::ftruncate(file.get(), 0) != 0 ||
        ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      return system_error(path.string());
    return PidFile(path, std::move(file));
  }
  return Error{ErrorCode::io, path.string() + ": cannot be locked"};
}

PidFile::~PidFile() {
  if (file_) ::unlink(path_.c_str());  // while the lock is held
}

void notify_service_manager(std::string_view state) {
  const char* where = std::getenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe): nobody changes the environment
  sockaddr_un address{};
  if (where == nullptr || (where[0] != '/' && where[0] != '@') || std::strlen(where) >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  const auto length = std::strlen(where);
  std::memcpy(address.sun_path, where, length);
  if (where[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  // A manager that does not listen is no reason to fail.
  (void)::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&address), size);
}

std::optional<Duration> watchdog_interval() {
  const char* interval = std::getenv("WATCHDOG_USEC");  // NOLINT(concurrency-mt-unsafe)
  const char* process = std::getenv("WATCHDOG_PID");    // NOLINT(concurrency-mt-unsafe)
  if (interval == nullptr) return std::nullopt;
  if (process != nullptr && parse_number(process) != static_cast<std::uint64_t>(::getpid())) return std::nullopt;
  const auto microseconds = parse_number(interval, UINT32_MAX * std::uint64_t{1000});
  if (!microseconds || *microseconds < 2000) return std::nullopt;
  return Duration(static_cast<std::int64_t>(*microseconds / 2000));
}

}  // namespace ipsec9000
