#include "turns.hpp"

#include <utility>

namespace ipsec9000 {

bool Turns::take(Turn turn) {
  if (!*under_way_) {
    begin(turn);
    return true;
  }
  if (waiting_.size() == most_waiting) return false;
  waiting_.push_back(std::move(turn));
  return true;
}

void Turns::begin(const Turn& turn) {
  *under_way_ = true;
  turn([this, alive = std::weak_ptr<bool>(under_way_)] {
    if (alive.expired()) return;
    *under_way_ = false;
    if (waiting_.empty()) return;
    // Not from inside the one that is over. Until then it is nobody else's turn.
    *under_way_ = true;
    next_.arm(Duration(0), [this] {
      const auto next = std::move(waiting_.front());
      waiting_.pop_front();
      begin(next);
    });
  });
}

}  // namespace ipsec9000
