// Deadlines with names, soonest first. Arming a name again moves it.
#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "base/time.hpp"

namespace ipsec9000::ike {

enum class TimerKind : std::uint8_t {
  retransmit,     // send the last message again, or give up
  give_up,        // a responder's negotiation that does not go on
  linger,         // a finished exchange that only answers repeated messages
  renew_session,  // an ISAKMP SA that is to be replaced before it ends
  session_end,    // an ISAKMP SA's lifetime, or its last Quick Mode was used
  probe,          // a peer that has not said yet that it lives
  keepalive,      // address translation on our side forgets us without (RFC 3948, 4)
  farewell,       // Deletes that the peer may not be able to read yet
  retire_pair,    // a replaced pair, kept a little for packets under way
};

struct TimerName {
  TimerKind kind = TimerKind::retransmit;
  std::uint64_t owner = 0;
  std::uint32_t message_id = 0;
  auto operator<=>(const TimerName&) const = default;
};

class TimerQueue {
 public:
  void arm(const TimerName& name, TimePoint when);
  void cancel(const TimerName& name);
  std::optional<TimePoint> next() const;
  std::optional<TimerName> take_due(TimePoint now);  // removes and returns the soonest one that is due

 private:
  std::set<std::pair<TimePoint, TimerName>> order_;
  std::map<TimerName, TimePoint> when_;
};

// One message, sent again after 1, 2, 4, 8 s, and given up 16 s after the last: 31 s in all.
class Retransmission {
 public:
  static constexpr Duration first_interval = seconds(1);
  static constexpr unsigned sends = 5;

  void start(TimePoint now) {
    sent_ = 1;
    next_ = now + first_interval;
  }
  void stop() { sent_ = 0; }
  bool running() const { return sent_ != 0; }
  TimePoint next() const { return next_; }
  // Called when next() has come: true: send again; false: give up.
  bool again(TimePoint now);

 private:
  unsigned sent_ = 0;
  TimePoint next_{};
};

}  // namespace ipsec9000::ike
