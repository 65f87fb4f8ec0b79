#include "daemon/event_loop.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <asio.hpp>
#include <list>
#include <optional>
#include <thread>

namespace ipsec9000 {

struct EventLoop::Parts {
  asio::io_context io{1};
  std::list<asio::signal_set> signals;
  std::size_t pool_jobs = 0;
  std::optional<asio::thread_pool> pool;  // last: its threads end before what they post to is gone
};

EventLoop::EventLoop() : parts_(std::make_unique<Parts>()) {}

EventLoop::~EventLoop() {
  if (!parts_->pool) return;
  parts_->pool->stop();
  parts_->pool->join();
}

TimePoint EventLoop::now() const { return std::chrono::floor<Duration>(std::chrono::steady_clock::now()); }

void EventLoop::run() {
  parts_->io.restart();
  const auto keep_running = asio::make_work_guard(parts_->io);
  parts_->io.run();
}

void EventLoop::stop() { parts_->io.stop(); }
void EventLoop::post(std::function<void()> function) { asio::post(parts_->io, std::move(function)); }

// ---- descriptors

// Has a descriptor of its own for the same open file: Asio closes what it watches, and allows one watch for each.
struct EventLoop::Watch::State : std::enable_shared_from_this<State> {
  State(asio::io_context& io, asio::posix::descriptor_base::wait_type for_what, std::function<void()> callback)
      : descriptor(io), what(for_what), ready(std::move(callback)) {}

  void wait() {
    descriptor.async_wait(what, [self = shared_from_this()](const asio::error_code& failure) {
      if (failure || self->ended) return;
      self->ready();
      if (!self->ended) self->wait();
    });
  }
  void end() {
    ended = true;
    asio::error_code ignored;
    descriptor.close(ignored);
  }

  asio::posix::stream_descriptor descriptor;
  asio::posix::descriptor_base::wait_type what;
  std::function<void()> ready;
  bool ended = false;
};

EventLoop::Watch::Watch() = default;
EventLoop::Watch::Watch(Watch&&) noexcept = default;
EventLoop::Watch& EventLoop::Watch::operator=(Watch&& other) noexcept {
  if (this != &other) {
    if (state_) state_->end();
    state_ = std::move(other.state_);
  }
  return *this;
}
EventLoop::Watch::~Watch() {
  if (state_) state_->end();
}

namespace {
// Null when the system refuses.
template <class State>
std::shared_ptr<State> watch(asio::io_context& io, int fd, asio::posix::descriptor_base::wait_type what,
                             std::function<void()> ready) {
  const int own = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (own < 0) return nullptr;
  auto state = std::make_shared<State>(io, what, std::move(ready));
  asio::error_code failure;
  state->descriptor.assign(own, failure);
  if (failure) {
    ::close(own);
    return nullptr;
  }
  state->wait();
  return state;
}
}  // namespace

EventLoop::Watch EventLoop::watch_readable(int fd, std::function<void()> ready) {
  Watch result;
  result.state_ = watch<Watch::State>(parts_->io, fd, asio::posix::descriptor_base::wait_read, std::move(ready));
  return result;
}

EventLoop::Watch EventLoop::watch_writable(int fd, std::function<void()> ready) {
  Watch result;
  result.state_ = watch<Watch::State>(parts_->io, fd, asio::posix::descriptor_base::wait_write, std::move(ready));
  return result;
}

// ---- timers

struct EventLoop::Timer::State {
  explicit State(asio::io_context& io) : timer(io) {}
  asio::steady_timer timer;
  std::function<void()> expired;  // empty: not armed
  std::uint64_t generation = 0;   // tells a callback that was on its way when it was armed anew or cancelled
};

EventLoop::Timer::Timer(EventLoop& loop) : state_(std::make_shared<State>(loop.parts_->io)) {}
EventLoop::Timer::Timer(Timer&&) noexcept = default;
EventLoop::Timer& EventLoop::Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    cancel();
    state_ = std::move(other.state_);
  }
  return *this;
}
EventLoop::Timer::~Timer() { cancel(); }

void EventLoop::Timer::arm(Duration after, std::function<void()> expired) {
  constexpr Duration longest = std::chrono::hours(24 * 365 * 10);  // sums with the clock must not overflow
  arm_at(std::chrono::ceil<Duration>(std::chrono::steady_clock::now()) + std::clamp(after, Duration(0), longest),
         std::move(expired));
}

void EventLoop::Timer::arm_at(TimePoint when, std::function<void()> expired) {
  state_->expired = std::move(expired);
  state_->timer.expires_at(when);
  state_->timer.async_wait([state = state_, generation = ++state_->generation](const asio::error_code& failure) {
    if (failure || state->generation != generation) return;
    std::exchange(state->expired, nullptr)();
  });
}

void EventLoop::Timer::cancel() {
  if (!state_ || !state_->expired) return;
  ++state_->generation;
  state_->expired = nullptr;
  state_->timer.cancel();
}

bool EventLoop::Timer::armed() const { return state_ && state_->expired; }

// ---- pool and signals

bool EventLoop::run_on_pool(std::function<void()> work, std::function<void()> done) {
  if (parts_->pool_jobs == max_pool_jobs) return false;
  if (!parts_->pool) parts_->pool.emplace(std::max(2U, std::thread::hardware_concurrency()) - 1);
  ++parts_->pool_jobs;
  asio::post(*parts_->pool, [parts = parts_.get(), work = std::move(work), done = std::move(done)]() mutable {
    work();
    work = nullptr;  // what it holds goes before `done` can ask about it
    asio::post(parts->io, [parts, done = std::move(done)] {
      --parts->pool_jobs;
      done();
    });
  });
  return true;
}

std::size_t EventLoop::pool_jobs() const { return parts_->pool_jobs; }

void EventLoop::on_signal(std::initializer_list<int> signals, std::function<void(int)> received) {
  auto& set = parts_->signals.emplace_back(parts_->io);
  for (const int signal : signals) set.add(signal);
  // Waits again after each; the set outlives its handlers, which go with the io_context's queue.
  struct Wait {
    asio::signal_set* set;
    std::shared_ptr<std::function<void(int)>> received;
    void operator()(const asio::error_code& failure, int signal) {
      if (failure) return;
      (*received)(signal);
      set->async_wait(*this);
    }
  };
  set.async_wait(Wait{&set, std::make_shared<std::function<void(int)>>(std::move(received))});
}

}  // namespace ipsec9000
