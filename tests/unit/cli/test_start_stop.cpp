#include <sys/wait.h>

#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "ipc/client.hpp"
#include "tool_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
// An installed tree with the real ipsec_admin and stand-ins for the daemons.
struct InstalledFixture : ToolFixture {
  InstalledFixture() {
    fs::create_directories(root / "tree/sbin");
    fs::create_directories(root / "tree/libexec/ipsec9000");
    fs::copy(IPSEC_ADMIN, root / "tree/sbin/ipsec_admin");
    for (const char* name : processes) fs::copy(FAKE_DAEMON, root / "tree/libexec/ipsec9000" / name);
    file("etc/ipsec9000/ipsec.json", R"({"version": 1, "policies": [], "default_policy": {"action": "pass"}})");
    password = file("password", "correct horse battery staple\n");
  }
  ~InstalledFixture() {
    for (const char* name : processes) {  // whatever a failed test left running
      const auto text = read_file(paths.pid_file(name));
      const auto pid = text ? parse_number(trim(*text), INT32_MAX) : std::nullopt;
      if (!pid) continue;
      const auto program = fs::weakly_canonical("/proc/" + std::to_string(*pid) + "/exe");
      if (program == fs::weakly_canonical(root / "tree/libexec/ipsec9000" / name))
        ::kill(static_cast<pid_t>(*pid), SIGKILL);
    }
  }
  int installed(const std::string& options) {
    const auto command = (root / "tree/sbin/ipsec_admin").string() + " " + options + " --root " + root.string() + " >" +
                         (root / "out").string() + " 2>" + (root / "err").string();
    const int status = std::system(command.c_str());
    out.str(*read_file(root / "out"));
    err.str(*read_file(root / "err"));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  int start(const std::string& more = "") { return installed("-start --password-file " + password + " " + more); }
  void set_password() { REQUIRE(installed("-newpasswd -new-password-file " + password) == 0); }
  void mode(const std::string& daemon, const std::string& word) { file(daemon + ".mode", word); }
  std::vector<std::string> calls() {
    const auto text = read_file(root / "calls");
    auto lines = text ? split(*text, '\n') : std::vector<std::string>();
    std::erase(lines, "");
    return lines;
  }
  bool runs(const char* name) { return ipc::Client::connect(paths.socket(name), milliseconds(100)).has_value(); }

  static constexpr std::array names{"secauditd", "secpolicyd", "ikpmd"};
  static constexpr std::array processes{"ipsec9000-supervisor", "secauditd", "secpolicyd", "ikpmd"};
  std::string password;
};
using Lines = std::vector<std::string>;
}  // namespace

TEST_CASE_METHOD(InstalledFixture,
                 "start brings up audit, policies, then keys; stop takes everything down the other way") {
  set_password();
  REQUIRE(start("-al debug -m 7") == 0);
  CHECK(out_has("IPSec started"));
  const auto log = (root / "var/log/ipsec9000").string();
  CHECK(calls() == Lines{"secauditd --level debug --directory " + log + " --max-kilobytes 7", "secpolicyd", "ikpmd",
                         "ikpmd keystore.unlock", "ipsec9000-supervisor"});
  for (const char* name : names) CHECK(runs(name));

  CHECK(start() == 0);
  CHECK(out_has("running already"));
  CHECK(calls().size() == 5);

  CHECK(installed("-stop") == 0);
  CHECK(out_has("IPSec stopped"));
  const auto all = calls();
  CHECK(Lines(all.begin() + 5, all.end()) == Lines{"ipsec9000-supervisor daemon.stop", "ikpmd ike.shutdown",
                                                   "ikpmd daemon.stop", "secpolicyd policy.withdraw",
                                                   "secpolicyd daemon.stop", "secauditd daemon.stop"});
  for (const char* name : processes) CHECK_FALSE(runs(name));
}

TEST_CASE_METHOD(InstalledFixture,
                 "without a password set, with a wrong one or a bad configuration, nothing is started") {
  CHECK(start() == 4);
  CHECK(err_has("no IPSec password has been set: set one with ipsec_admin -newpasswd"));
  set_password();
  CHECK(installed("-start --password-file " + file("wrong", "another long password")) == 4);
  CHECK(err_has("wrong password"));
  file("etc/ipsec9000/ipsec.json", R"({"version": 1, "polices": []})");
  CHECK(start() == 2);
  CHECK(err_has("ipsec.json:1:"));
  CHECK(err_has("nothing was started"));
  CHECK(calls().empty());
}

TEST_CASE_METHOD(InstalledFixture, "a daemon that fails is quoted, and what was started is stopped again") {
  set_password();
  mode("ikpmd", "fail");
  CHECK(start() == 1);
  CHECK(err_has("ikpmd ended with exit status 1\nipsec_admin: ikpmd: it is raining: everything was stopped again"));
  for (const char* name : names) CHECK_FALSE(runs(name));
  const auto all = calls();
  CHECK(std::find(all.begin(), all.end(), "secpolicyd policy.withdraw") != all.end());
}

TEST_CASE_METHOD(InstalledFixture, "a password that ikpmd refuses stops everything again with exit 4") {
  set_password();
  mode("ikpmd", "wrong-password");
  CHECK(start() == 4);
  for (const char* name : names) CHECK_FALSE(runs(name));
}

TEST_CASE_METHOD(InstalledFixture, "only what is missing is started") {
  set_password();
  REQUIRE(start() == 0);
  const auto end = [&](const char* name) {
    auto client = ipc::Client::connect(paths.socket(name), milliseconds(500));
    REQUIRE(client);
    REQUIRE(client->call("daemon.stop", Json::object(), milliseconds(1000)));
    while (runs(name)) ::usleep(1000);
  };
  end("ipsec9000-supervisor");
  end("ikpmd");
  fs::remove(root / "calls");
  CHECK(start() == 0);
  CHECK(calls() == Lines{"ikpmd", "ikpmd keystore.unlock", "ipsec9000-supervisor"});
  end("ipsec9000-supervisor");
  fs::remove(root / "calls");
  CHECK(installed("-start </dev/null") == 0);  // needs no password
  CHECK(calls() == Lines{"ipsec9000-supervisor"});
  CHECK(installed("-stop") == 0);
}

TEST_CASE_METHOD(InstalledFixture, "a dead daemon's part of the kernel is cleaned by its one-shot mode") {
  set_password();
  REQUIRE(start() == 0);
  const auto text = *read_file(paths.pid_file("secpolicyd"));
  REQUIRE(::kill(static_cast<pid_t>(*parse_number(trim(text))), SIGKILL) == 0);
  while (runs("secpolicyd")) ::usleep(1000);
  fs::remove(root / "calls");
  CHECK(installed("-stop --json") == 0);
  CHECK(calls() == Lines{"ipsec9000-supervisor daemon.stop", "ikpmd ike.shutdown", "ikpmd daemon.stop",
                         "secpolicyd --withdraw", "secauditd daemon.stop"});
  CHECK(document()["cleaned"] == Json{"secpolicyd"});
}

TEST_CASE_METHOD(InstalledFixture, "a daemon that hangs is ended by force and cleaned up after") {
  set_password();
  REQUIRE(start() == 0);
  fs::remove(root / "calls");
  REQUIRE(installed("-stop") == 0);
  mode("ikpmd", "hang");
  // Started by hand: -start would wait for it.
  const auto command = (root / "tree/libexec/ipsec9000/ikpmd").string() + " --root " + root.string() + " &";
  REQUIRE(std::system(command.c_str()) == 0);
  while (!runs("ikpmd")) ::usleep(1000);
  CHECK(installed("-stop") == 0);
  CHECK(out_has("ikpmd did not answer and was ended by force"));
  CHECK(calls().back() == "secpolicyd --withdraw");
  CHECK_FALSE(runs("ikpmd"));
}

TEST_CASE_METHOD(InstalledFixture, "stop when nothing runs cleans the kernel all the same") {
  CHECK(installed("-stop") == 0);
  CHECK(out_has("IPSec was not running"));
  CHECK(calls() == Lines{"ikpmd --flush", "secpolicyd --withdraw"});
  fs::remove(root / "tree/libexec/ipsec9000/ikpmd");
  CHECK(installed("-stop") == 1);
  CHECK(err_has("ikpmd --flush"));
}
