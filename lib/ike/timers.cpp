#include "ike/timers.hpp"

namespace ipsec9000::ike {

void TimerQueue::arm(const TimerName& name, TimePoint when) {
  cancel(name);
  order_.emplace(when, name);
  when_.emplace(name, when);
}

void TimerQueue::cancel(const TimerName& name) {
  const auto found = when_.find(name);
  if (found == when_.end()) return;
  order_.erase({found->second, name});
  when_.erase(found);
}

std::optional<TimePoint> TimerQueue::next() const {
  if (order_.empty()) return std::nullopt;
  return order_.begin()->first;
}

std::optional<TimerName> TimerQueue::take_due(TimePoint now) {
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  const auto name = order_.begin()->second;
  cancel(name);
  return name;
}

bool Retransmission::again(TimePoint now) {
  if (sent_ >= sends) return false;
  next_ = now + first_interval * (1u << sent_);
  ++sent_;
  return true;
}

}  // namespace ipsec9000::ike
