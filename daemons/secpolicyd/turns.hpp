// What takes more than one round of the loop and must not meet another of its kind: one after the other.
#pragma once
#include <deque>
#include <functional>
#include <memory>

#include "daemon/event_loop.hpp"

namespace ipsec9000 {

class Turns {
 public:
  static constexpr std::size_t most_waiting = 64;
  // To be called once, when it is over; good for as long as anybody keeps it.
  using Over = std::function<void()>;
  using Turn = std::function<void(const Over&)>;

  explicit Turns(EventLoop& loop) : next_(loop) {}
  // Begins at once where nobody else is at it. False, and nothing happens, where too many wait.
  [[nodiscard]] bool take(Turn turn);
  std::size_t waiting() const { return waiting_.size(); }
  bool under_way() const { return *under_way_; }

 private:
  void begin(const Turn& turn);

  std::deque<Turn> waiting_;
  std::shared_ptr<bool> under_way_ = std::make_shared<bool>(false);
  EventLoop::Timer next_;
};

}  // namespace ipsec9000
