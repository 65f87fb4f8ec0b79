#include "cli/common/processes.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <thread>

namespace ipsec9000::cli {

namespace {
constexpr std::size_t said_maximum = std::size_t{64} * 1024;
constexpr int exec_failed = 127;

// In the child, between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(const char* program, char* const* arguments, int null, int errors) {
  ::setsid();
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::close_range(3, ~0U, 0);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);  // survives exec: writing errors after we are gone does not end the daemon
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execv(program, arguments);
  constexpr std::string_view words = "cannot be executed\n";
  if (::write(STDERR_FILENO, words.data(), words.size()) < 0) ::_exit(exec_failed);
  ::_exit(exec_failed);
}
}  // namespace

std::filesystem::path daemon_directory() {
  std::error_code failure;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", failure);
  return own.parent_path().parent_path() / "libexec" / "ipsec9000";
}

Result<StartedDaemon> StartedDaemon::start(const std::filesystem::path& program,
                                           const std::vector<std::string>& arguments) {
  if (::access(program.c_str(), X_OK) != 0) return system_error(program.string());
  const FileDescriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  int ends[2] = {-1, -1};
  if (!null || ::pipe2(ends, O_CLOEXEC) != 0) return system_error("starting " + program.string());
  FileDescriptor reading(ends[0]);
  const FileDescriptor writing(ends[1]);
  ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);  // our end only: the two ends do not share flags

  auto name = program.string();
  auto copies = arguments;
  std::vector<char*> argv{name.data()};
  for (auto& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return system_error("starting " + name);
  if (pid == 0) become(name.c_str(), argv.data(), null.get(), writing.get());
  return StartedDaemon(pid, std::move(reading));
}

std::optional<int> StartedDaemon::exit_status() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return status_;
}

const std::string& StartedDaemon::said() {
  std::array<char, 4096> chunk{};
  while (true) {
    const auto count = ::read(errors_.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return said_;
    const auto room = said_maximum - said_.size();
    said_.append(chunk.data(), std::min(room, static_cast<std::size_t>(count)));
  }
}

void StartedDaemon::kill() const {
  if (!status_) ::kill(pid_, SIGKILL);
}

Result<Finished> run_to_end(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                            Duration limit) {
  auto started = StartedDaemon::start(program, arguments);
  if (!started) return started.error();
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (true) {
    if (const auto status = started->exit_status()) return Finished{*status, started->said()};
    (void)started->said();
    if (std::chrono::steady_clock::now() >= deadline) {
      started->kill();
      while (!started->exit_status()) std::this_thread::sleep_for(milliseconds(1));
      return Error{ErrorCode::timed_out, program.filename().string() + " did not end in time and was killed"};
    }
    std::this_thread::sleep_for(milliseconds(10));
  }
}

}  // namespace ipsec9000::cli
