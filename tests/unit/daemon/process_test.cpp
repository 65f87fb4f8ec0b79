#include "daemon/process.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "support/temporary_directory.hpp"

using namespace ipsec9000;

TEST_CASE("a second instance is told who the first is") {
  const test::TemporaryDirectory directory;
  const auto first = PidFile::claim(directory / "a.pid");
  REQUIRE(first);
  CHECK(*read_file(directory / "a.pid") == std::to_string(::getpid()) + "\n");
  const auto second = PidFile::claim(directory / "a.pid");
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::already_exists);
  CHECK_THAT(second.error().text, Catch::Contains("process " + std::to_string(::getpid())));
}

TEST_CASE("the claim ends with its holder, and a file left behind claims nothing") {
  const test::TemporaryDirectory directory;
  { const auto first = PidFile::claim(directory / "a.pid"); }
  CHECK_FALSE(std::filesystem::exists(directory / "a.pid"));
  REQUIRE(replace_file(directory / "a.pid", "12345678901234567890 garbage\n"));
  CHECK(PidFile::claim(directory / "a.pid"));
}

TEST_CASE("a pid file that cannot be made, or is a link, is an error") {
  const test::TemporaryDirectory directory;
  CHECK_FALSE(PidFile::claim(directory / "missing/a.pid"));
  std::filesystem::create_symlink(directory / "victim", directory / "a.pid");
  CHECK_FALSE(PidFile::claim(directory / "a.pid"));
  CHECK_FALSE(std::filesystem::exists(directory / "victim"));
}

TEST_CASE("the service manager hears what it is told, by path and by abstract name") {
  const test::TemporaryDirectory directory;
  const bool abstract = GENERATE(false, true);
  const auto name = abstract ? "@ipsec9000-test-" + std::to_string(::getpid()) : (directory / "notify").string();
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (abstract) address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  notify_service_manager("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
  char text[64] = {};
  CHECK(::recv(socket.get(), text, sizeof text, 0) == 7);
  CHECK(std::string(text) == "READY=1");
}

TEST_CASE("a service manager that is not there is no harm") {
  const std::string where =
      GENERATE(as<std::string>(), "", "relative", "/nonexistent/notify", std::string(1000, '/'), "@");
  ::setenv("NOTIFY_SOCKET", where.c_str(), 1);
  CHECK_NOTHROW(notify_service_manager("READY=1"));
  ::unsetenv("NOTIFY_SOCKET");
}

TEST_CASE("the watchdog is fed twice as often as asked, when it is ours") {
  const auto interval = [](const char* microseconds, const char* pid) {
    ::setenv("WATCHDOG_USEC", microseconds, 1);
    ::setenv("WATCHDOG_PID", pid, 1);
    const auto result = watchdog_interval();
    ::unsetenv("WATCHDOG_USEC");
    ::unsetenv("WATCHDOG_PID");
    return result;
  };
  const auto own = std::to_string(::getpid());
  CHECK(interval("30000000", own.c_str()) == Duration(15000));
  CHECK_FALSE(interval("30000000", "1"));
  CHECK_FALSE(interval("0", own.c_str()));
  CHECK_FALSE(interval("-1", own.c_str()));
  CHECK_FALSE(interval("soon", own.c_str()));
  CHECK_FALSE(watchdog_interval());
}

TEST_CASE("a hardened process leaves no core and makes files for its owner only") {
  const test::TemporaryDirectory directory;
  const pid_t child = ::fork();
  if (child == 0) {
    if (!harden_process()) ::_exit(10);
    if (::mkdir((directory / "made").c_str(), 0777) != 0) ::_exit(11);
    std::signal(SIGABRT, SIG_DFL);  // not the test framework's
    ::raise(SIGPIPE);
    ::abort();
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  CHECK_FALSE(WCOREDUMP(status));
  struct stat made {};
  REQUIRE(::stat((directory / "made").c_str(), &made) == 0);
  CHECK((made.st_mode & 0777U) == 0700);
}
