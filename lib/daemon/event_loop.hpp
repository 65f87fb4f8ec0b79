// The one loop that a daemon's main thread runs: descriptors, timers, signals, and a pool for long computations.
// Everything here is for the loop's own thread, except post() and stop(), which any thread may call.
#pragma once
#include <functional>
#include <initializer_list>
#include <memory>

#include "base/time.hpp"

namespace ipsec9000 {

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();  // drops what waits: pool jobs not yet begun, done callbacks, posted functions; running jobs are
                 // awaited
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  TimePoint now() const;

  // Runs until stop(). May be called again afterwards.
  void run();
  void stop();

  // Calls back as long as it lives and the descriptor is ready (level style: again and again until it is read or
  // written). The descriptor stays the caller's and becomes non-blocking. False when the system would not watch it (no
  // descriptors left, or not a kind that can be waited for); then nothing is ever called.
  class Watch {
   public:
    Watch();
    Watch(Watch&&) noexcept;
    Watch& operator=(Watch&&) noexcept;
    ~Watch();  // nothing is called from here on, also when this is inside its own callback
    explicit operator bool() const { return state_ != nullptr; }

   private:
    friend class EventLoop;
    struct State;
    std::shared_ptr<State> state_;
  };
  Watch watch_readable(int fd, std::function<void()> ready);
  Watch watch_writable(int fd, std::function<void()> ready);

  // Calls once, at or after the time. Arming again forgets what was armed before.
  class Timer {
   public:
    explicit Timer(EventLoop& loop);
    Timer(Timer&&) noexcept;
    Timer& operator=(Timer&&) noexcept;
    ~Timer();  // cancels
    void arm(Duration after, std::function<void()> expired);
    void arm_at(TimePoint when, std::function<void()> expired);
    void cancel();
    bool armed() const;

   private:
    struct State;
    std::shared_ptr<State> state_;
  };

  // Calls `function` on the loop, later: never from inside post itself. In the order of posting.
  void post(std::function<void()> function);

  // Runs `work` on a thread of the pool (processors less one, at least one), then `done` on the loop. False, and
  // nothing happens, when max_pool_jobs are under way: the caller is to refuse what it was asked for. `work` must not
  // touch anything that the loop's thread may touch meanwhile; `done` must not assume that its owner still lives.
  static constexpr std::size_t max_pool_jobs = 4096;
  [[nodiscard]] bool run_on_pool(std::function<void()> work, std::function<void()> done);
  std::size_t pool_jobs() const;  // begun or waiting, `done` not yet called

  // Calls on the loop for each of the signals, as long as the loop lives.
  void on_signal(std::initializer_list<int> signals, std::function<void(int)> received);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ipsec9000
