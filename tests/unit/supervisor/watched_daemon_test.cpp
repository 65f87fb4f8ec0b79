#include "watched_daemon.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "daemon/process.hpp"
#include "support/run_loop.hpp"
#include "support/temporary_directory.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
// A daemon that is a shell: what it is to do stands in its first argument.
struct SupervisionFixture {
  SupervisionFixture() {
    REQUIRE(make_directory(paths.run_directory(), 0700));
    paths.root = directory.path();
  }
  WatchedDaemon& watch(std::string script) {
    daemon.emplace(
        context, "toyd", "/bin/sh",
        [script = std::move(script)] {
          return std::vector<std::string>{"-c", script};
        },
        patience);
    daemon->watch();
    return *daemon;
  }
  std::string started() const { return read_file(directory / "started").value_or(""); }
  Json status() const { return daemon->status(); }
  bool until(const std::function<bool()>& come_true) { return run_until(loop, come_true); }

  TemporaryDirectory directory;
  Paths paths{directory.path()};
  EventLoop loop;
  RpcServer server{loop, paths.socket("supervisor")};
  AuditClient audit{loop, paths.socket("secauditd"), "supervisor"};
  DaemonContext context{loop, paths, server, audit, [](const std::string&) {}};
  WatchedDaemon::Patience patience;
  std::optional<WatchedDaemon> daemon;
};

pid_t pid_of(const Json& status) { return status["pid"].is_number() ? status["pid"].get<pid_t>() : 0; }
bool lives(pid_t pid) { return ::kill(pid, 0) == 0; }
}  // namespace

TEST_CASE_METHOD(SupervisionFixture, "a daemon that is killed is started again, counted, and its end is told") {
  watch("exec sleep 1000");
  const auto first = pid_of(status());
  REQUIRE(first > 1);
  CHECK(status()["restarts"] == 0);
  CHECK(status()["last_end"].is_null());
  REQUIRE(::kill(first, SIGKILL) == 0);
  REQUIRE(until([&] { return pid_of(status()) > 1 && pid_of(status()) != first; }));
  CHECK(status()["restarts"] == 1);
  CHECK(status()["last_end"] == "signal 9");
  CHECK(audit.queued() == 1);
  const auto second = pid_of(status());
  daemon->let_go();  // it has no socket yet
  CHECK(until([&] { return pid_of(status()) == 0; }));
  CHECK_FALSE(lives(second));
}

TEST_CASE_METHOD(SupervisionFixture, "one that fails at once is tried ever more rarely, and its last words are kept") {
  watch("echo x >>" + (directory / "started").string() + "; echo it is raining >&2; exit 3");
  REQUIRE(until([&] { return status()["restarts"] == 3; }));
  CHECK(status()["state"] == "waiting");
  CHECK(status()["last_end"] == "exit status 3: it is raining");
  CHECK(status()["next_start"].get<int>() > 200);
  CHECK(started() == "x\nx\nx\n");
  daemon->watch();  // now instead of later
  REQUIRE(until([&] { return status()["restarts"] == 4; }));
  CHECK(status()["next_start"].get<int>() <= 100);
}

TEST_CASE_METHOD(SupervisionFixture, "a program that cannot be started is tried again") {
  daemon.emplace(
      context, "toyd", directory / "missing", [] { return std::vector<std::string>(); }, patience);
  daemon->watch();
  CHECK(until([&] { return status()["restarts"] == 2; }));
  CHECK_THAT(status()["last_end"].get<std::string>(), Catch::Contains("missing"));
}

TEST_CASE_METHOD(SupervisionFixture, "a daemon that somebody else started is taken over, and left alone at the end") {
  const pid_t other = ::fork();
  if (other == 0) {
    const auto claim = PidFile::claim(paths.pid_file("toyd"));
    ::pause();
    ::_exit(0);
  }
  REQUIRE(until([&] { return RunningProcess::from_pid_file(paths.pid_file("toyd")).has_value(); }));
  watch("exec sleep 1000");
  CHECK(pid_of(status()) == other);
  SECTION("it is left alone") {
    daemon->let_go();
    daemon.reset();
    CHECK(lives(other));
    ::kill(other, SIGKILL);
    ::waitpid(other, nullptr, 0);
  }
  SECTION("when it ends, another is started") {
    ::kill(other, SIGKILL);
    REQUIRE(until([&] { return pid_of(status()) > 1 && pid_of(status()) != other; }));
    ::waitpid(other, nullptr, 0);
    CHECK(status()["last_end"] == "ended");
    daemon->let_go();
    CHECK(until([&] { return pid_of(status()) == 0; }));
  }
}

TEST_CASE_METHOD(SupervisionFixture, "a daemon that listens but no longer answers is ended by force and replaced") {
  patience = {Duration(50), Duration(300)};
  const pid_t other = ::fork();
  if (other == 0) {
    const auto claim = PidFile::claim(paths.pid_file("toyd"));
    EventLoop never_run;  // the kernel takes connections for it
    RpcServer hung(never_run, paths.socket("toyd"));
    if (!hung.start()) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  REQUIRE(until([&] { return RunningProcess::from_pid_file(paths.pid_file("toyd")).has_value(); }));
  watch("exec sleep 1000");
  REQUIRE(pid_of(status()) == other);
  REQUIRE(until([&] { return pid_of(status()) > 1 && pid_of(status()) != other; }));
  int how = 0;
  CHECK(::waitpid(other, &how, 0) == other);
  CHECK(WIFSIGNALED(how));
  CHECK(status()["last_end"] == "did not answer and was ended by force");
  CHECK(status()["restarts"] == 1);
  daemon->let_go();
  CHECK(until([&] { return pid_of(status()) == 0; }));
}
