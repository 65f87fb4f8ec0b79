#include "daemon/event_loop.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <optional>
#include <thread>
#include <vector>

#include "base/files.hpp"
#include "support/run_loop.hpp"

using namespace ipsec9000;
using test::run_for;
using test::run_until;

namespace {
struct SocketPair {
  FileDescriptor ours, theirs;
  SocketPair() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    ours = FileDescriptor(ends[0]);
    theirs = FileDescriptor(ends[1]);
  }
  void send(const char* text) const { REQUIRE(::write(theirs.get(), text, std::char_traits<char>::length(text)) > 0); }
  char take() const {
    char c = 0;
    return ::read(ours.get(), &c, 1) == 1 ? c : '\0';
  }
};
}  // namespace

TEST_CASE("a readable descriptor calls again until it is read empty") {
  EventLoop loop;
  const SocketPair pair;
  std::string seen;
  const auto watch = loop.watch_readable(pair.ours.get(), [&] { seen += pair.take(); });
  REQUIRE(watch);
  pair.send("abc");
  CHECK(run_until(loop, [&] { return seen == "abc"; }));
  pair.send("d");
  CHECK(run_until(loop, [&] { return seen == "abcd"; }));
  run_for(loop, Duration(30));
  CHECK(seen == "abcd");
}

TEST_CASE("data that was there before the watch is seen") {
  EventLoop loop;
  const SocketPair pair;
  pair.send("x");
  int calls = 0;
  const auto watch = loop.watch_readable(pair.ours.get(), [&] {
    ++calls;
    pair.take();
  });
  CHECK(run_until(loop, [&] { return calls == 1; }));
}

TEST_CASE("one descriptor can be watched for both, and stays its owner's") {
  EventLoop loop;
  const SocketPair pair;
  int readable = 0;
  int writable = 0;
  {
    const auto reads = loop.watch_readable(pair.ours.get(), [&] {
      ++readable;
      pair.take();
    });
    const auto writes = loop.watch_writable(pair.ours.get(), [&] { ++writable; });
    pair.send("x");
    CHECK(run_until(loop, [&] { return readable == 1 && writable > 3; }));
  }
  CHECK(::fcntl(pair.ours.get(), F_GETFD) != -1);
  const int before = writable;
  pair.send("y");
  run_for(loop, Duration(30));
  CHECK(readable == 1);
  CHECK(writable == before);
}

TEST_CASE("a watch may be dropped from inside its own callback") {
  EventLoop loop;
  const SocketPair pair;
  pair.send("abc");
  int calls = 0;
  auto held = std::make_shared<int>(7);
  std::optional<EventLoop::Watch> watch;
  watch = loop.watch_readable(pair.ours.get(), [&, held] {
    ++calls;
    watch.reset();
    CHECK(*held == 7);  // what it holds lives until it returns
  });
  run_for(loop, Duration(30));
  CHECK(calls == 1);
  CHECK(held.use_count() == 1);
}

TEST_CASE("what cannot be watched is told") {
  EventLoop loop;
  CHECK_FALSE(loop.watch_readable(-1, [] {}));
}

TEST_CASE("timers fire in the order of their times, not before them") {
  EventLoop loop;
  std::vector<int> order;
  EventLoop::Timer late(loop), early(loop);
  const auto begun = loop.now();
  late.arm(Duration(40), [&] { order.push_back(2); });
  early.arm_at(begun + Duration(10), [&] {
    order.push_back(1);
    CHECK(loop.now() >= begun + Duration(10));
  });
  CHECK(run_until(loop, [&] { return order.size() == 2; }));
  CHECK(order == std::vector<int>{1, 2});
  CHECK(loop.now() >= begun + Duration(40));
  CHECK_FALSE(late.armed());
}

TEST_CASE("a timer that was cancelled, armed anew or destroyed keeps quiet") {
  EventLoop loop;
  int old_calls = 0;
  int new_calls = 0;
  EventLoop::Timer cancelled(loop), rearmed(loop);
  cancelled.arm(Duration(5), [&] { ++old_calls; });
  rearmed.arm(Duration(5), [&] { ++old_calls; });
  {
    EventLoop::Timer gone(loop);
    gone.arm(Duration(5), [&] { ++old_calls; });
  }
  cancelled.cancel();
  CHECK_FALSE(cancelled.armed());
  rearmed.arm(Duration(10), [&] { ++new_calls; });
  run_for(loop, Duration(50));
  CHECK(old_calls == 0);
  CHECK(new_calls == 1);
}

TEST_CASE("a timer may be cancelled by another that fires in the same moment") {
  EventLoop loop;
  int second_calls = 0;
  EventLoop::Timer first(loop), second(loop);
  const auto when = loop.now() + Duration(20);
  first.arm_at(when, [&] { second.cancel(); });
  second.arm_at(when, [&] { ++second_calls; });
  std::this_thread::sleep_for(Duration(40));  // both are due before the loop looks
  run_for(loop, Duration(20));
  CHECK(second_calls == 0);
}

TEST_CASE("a timer may arm itself from inside its own callback, and times out of range are no harm") {
  EventLoop loop;
  int calls = 0;
  EventLoop::Timer timer(loop), never(loop);
  never.arm(Duration::max(), [&] { calls = 1000; });
  std::function<void()> again = [&] {
    if (++calls < 3) timer.arm(Duration(-5), again);
  };
  timer.arm(Duration::min(), again);
  CHECK(run_until(loop, [&] { return calls == 3; }));
}

TEST_CASE("posted functions run later, in order") {
  EventLoop loop;
  std::vector<int> order;
  loop.post([&] {
    loop.post([&] { order.push_back(3); });
    order.push_back(1);
  });
  loop.post([&] { order.push_back(2); });
  CHECK(order.empty());
  CHECK(run_until(loop, [&] { return order.size() == 3; }));
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("other threads may post and stop") {
  EventLoop loop;
  std::thread::id ran_on;
  std::thread other([&] {
    loop.post([&] { ran_on = std::this_thread::get_id(); });
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  other.join();
  CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("work runs on another thread, and its end on the loop") {
  EventLoop loop;
  std::thread::id worked_on, ended_on;
  REQUIRE(loop.run_on_pool([&] { worked_on = std::this_thread::get_id(); },
                           [&] { ended_on = std::this_thread::get_id(); }));
  CHECK(loop.pool_jobs() == 1);
  CHECK(run_until(loop, [&] { return ended_on != std::thread::id(); }));
  CHECK(ended_on == std::this_thread::get_id());
  CHECK(worked_on != ended_on);
  CHECK(loop.pool_jobs() == 0);
}

TEST_CASE("the loop goes on while the pool works") {
  EventLoop loop;
  std::atomic<bool> release = false;
  bool done = false;
  int ticks = 0;
  REQUIRE(loop.run_on_pool(
      [&] {
        while (!release) std::this_thread::sleep_for(Duration(1));
      },
      [&] { done = true; }));
  EventLoop::Timer timer(loop);
  std::function<void()> tick = [&] {
    if (++ticks == 5) release = true;
    timer.arm(Duration(1), tick);
  };
  tick();
  CHECK(run_until(loop, [&] { return done; }));
  CHECK(ticks >= 5);
}

TEST_CASE("the pool takes a bounded number of jobs and drops the waiting ones at the end") {
  std::atomic<int> worked = 0;
  int done = 0;
  std::atomic<bool> release = false;
  auto held = std::make_shared<int>(0);
  std::thread opener;
  {
    EventLoop loop;
    const auto work = [&, held] {
      while (!release) std::this_thread::sleep_for(Duration(1));
      ++worked;
    };
    std::size_t taken = 0;
    while (loop.run_on_pool(work, [&, held] { ++done; })) ++taken;
    CHECK(taken == EventLoop::max_pool_jobs);
    opener = std::thread([&] {
      std::this_thread::sleep_for(Duration(20));
      release = true;
    });
  }
  opener.join();
  CHECK(worked < 100);
  CHECK(done == 0);
  CHECK(held.use_count() == 1);
}

TEST_CASE("signals arrive on the loop, each time") {
  EventLoop loop;
  std::vector<int> seen;
  loop.on_signal({SIGUSR1, SIGUSR2}, [&](int signal) { seen.push_back(signal); });
  ::raise(SIGUSR1);
  CHECK(run_until(loop, [&] { return seen.size() == 1; }));
  ::raise(SIGUSR2);
  CHECK(run_until(loop, [&] { return seen.size() == 2; }));
  CHECK(seen == std::vector<int>{SIGUSR1, SIGUSR2});
}
