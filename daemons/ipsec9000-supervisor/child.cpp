#include "child.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/text.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t last_words_maximum = 1000;

// posix_spawn's attributes and file actions, freed in the end.
class SpawnSettings {
 public:
  explicit SpawnSettings(int errors) {
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_init(&files);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
  }
  ~SpawnSettings() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawnattr_t attributes{};
  posix_spawn_file_actions_t files{};
};
}  // namespace

Result<Child> Child::start(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("starting " + program.string());
  FileDescriptor reading(ends[0]);
  const FileDescriptor writing(ends[1]);
  ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);  // our end only: the two ends do not share flags

  auto name = program.string();
  auto copies = arguments;
  std::vector<char*> argv{name.data()};
  for (auto& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const SpawnSettings settings(writing.get());
  pid_t pid = 0;
  if (const int failure =
          ::posix_spawn(&pid, name.c_str(), &settings.files, &settings.attributes, argv.data(), environ);
      failure != 0) {
    errno = failure;
    return system_error("starting " + name);
  }
  auto process = RunningProcess::from_child(pid);
  if (!process) {  // no descriptors left: what we cannot watch must not be there
    auto error = system_error("watching " + name);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return error;
  }
  return Child(std::move(*process), std::move(reading));
}

std::string Child::end() {
  int status = 0;
  const bool known = ::waitpid(process_.pid(), &status, WNOHANG) == process_.pid();
  if (!known) return "ended";
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  std::array<char, last_words_maximum> words{};
  const auto count = ::read(errors_.get(), words.data(), words.size());
  const auto said = count > 0 ? trim(std::string_view(words.data(), static_cast<std::size_t>(count))) : "";
  return "exit status " + std::to_string(WEXITSTATUS(status)) + (said.empty() ? "" : ": " + escape_control(said));
}

}  // namespace ipsec9000
