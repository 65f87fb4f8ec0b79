#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <functional>

#include "base/files.hpp"
#include "store_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
// Runs `change` in a child and kills it at its `stop`-th entry into or return from the kernel; true when it had ended
// before. Nothing of the store knows of this, so no step can be forgotten.
bool killed_too_late(const std::function<void()>& change, int stop) {
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    change();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  for (int n = 0; n < stop && WIFSTOPPED(status); ++n) {
    ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
    REQUIRE(::waitpid(child, &status, 0) == child);
  }
  if (!WIFSTOPPED(status)) {
    REQUIRE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
    return true;
  }
  ::kill(child, SIGKILL);
  REQUIRE(::waitpid(child, &status, 0) == child);
  return false;
}

struct Crash : StoreFixture {
  // Kills the change at every system call in turn. `check` looks at what is left, given whether it must be the new
  // store; it says whether it is.
  void at_every_step(const std::function<void()>& change, const std::function<bool()>& is_new) {
    const auto before = *read_file(path);
    int old_stores = 0;
    int new_stores = 0;
    constexpr int steps_maximum = 2000;
    for (int stop = 1; stop < steps_maximum; ++stop) {
      REQUIRE(replace_file(path, before, 0600));
      if (killed_too_late(change, stop)) {
        CHECK(is_new());
        CHECK(old_stores > 0);
        CHECK(new_stores > 0);  // the last steps come after the change is done
        return;
      }
      ++(is_new() ? new_stores : old_stores);
    }
    FAIL("the change does not end");
  }
};
const Secret next_password("another password, just as long");
}  // namespace

TEST_CASE_METHOD(Crash, "setting a key, killed at any system call, leaves the old store or the new one") {
  auto store = made();
  REQUIRE(store.set(psk("10.1.0.2", "first key")));
  at_every_step([&] { (void)Keystore::open(path, password)->set(psk("10.1.0.2", "second key")); },
                [&] {
                  const auto left = Keystore::open(path, password);
                  REQUIRE(left);
                  const auto key = text_of(left->find_psk(*IpAddress::parse("10.1.0.2")));
                  REQUIRE((key == "first key" || key == "second key"));
                  return key == "second key";
                });
}

TEST_CASE_METHOD(Crash,
                 "a change of the password, killed at any system call, leaves one password that opens the store") {
  auto store = made();
  REQUIRE(store.set(psk("10.1.0.2", "first key")));
  at_every_step([&] { (void)Keystore::open(path, password)->change_password(password, next_password); },
                [&] {
                  const auto by_old = Keystore::open(path, password);
                  const auto by_new = Keystore::open(path, next_password);
                  REQUIRE(by_old.has_value() != by_new.has_value());
                  CHECK((by_old ? by_old : by_new)->list().size() == 1);
                  return by_new.has_value();
                });
}

TEST_CASE_METHOD(Crash, "a machine's key, added and killed at any system call, never opens half a store") {
  auto store = made();
  at_every_step([&] { (void)Keystore::open(path, password)->add_machine_slot(machine_key); },
                [&] {
                  const auto left = Keystore::open(path, password);
                  REQUIRE(left);
                  if (left->has_machine_slot()) CHECK(Keystore::open_with_machine_key(path, machine_key));
                  return left->has_machine_slot();
                });
}
