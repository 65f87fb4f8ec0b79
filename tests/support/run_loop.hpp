// Runs an event loop until something has come true, or too much time has passed.
#pragma once
#include <functional>

#include "daemon/event_loop.hpp"

namespace ipsec9000::test {

inline bool run_until(EventLoop& loop, const std::function<bool()>& come_true, Duration limit = Duration(20000)) {
  constexpr Duration between_looks{2};
  const auto deadline = loop.now() + limit;
  EventLoop::Timer look(loop);
  bool came_true = false;
  std::function<void()> check = [&] {
    came_true = come_true();
    if (came_true || loop.now() >= deadline) return loop.stop();
    look.arm(between_looks, check);
  };
  look.arm(Duration(0), check);
  loop.run();
  return came_true;
}

// For what must not happen: gives it some time to happen.
inline void run_for(EventLoop& loop, Duration time) {
  run_until(
      loop, [] { return false; }, time);
}

}  // namespace ipsec9000::test
