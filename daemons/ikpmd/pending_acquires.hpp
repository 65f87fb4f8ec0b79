// What the kernel has asked for and not yet got. While such a question is open, the kernel drops all packets that need
// the answer and asks nothing more, for half a minute (net.core.xfrm_acq_expires), even if the negotiation failed at
// once. So the question is taken back then, and the next packet asks anew.
//
// The first time at once; the more often it fails, the later, or traffic to a peer that refuses us would become a flood
// of negotiations.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "ike/types.hpp"
#include "model/protection.hpp"

namespace ipsec9000 {

class PendingAcquires {
 public:
  static constexpr std::size_t most = 10'000;         // beyond that the kernel's own time must do
  static constexpr Duration first_wait = seconds(1);  // before the second time; then twice as long each time
  static constexpr Duration longest_wait = seconds(16);
  static constexpr Duration memory = seconds(60);  // of a failure

  void asked(const ike::PairKey& wanted, const UnansweredAcquire& question, TimePoint now);
  void answered(const ike::PairKey& wanted);
  void failed(const ike::PairKey& wanted, TimePoint now);
  // The configuration or the keys are others: it may succeed now, so that nothing has to wait.
  void forgive(TimePoint now);

  std::vector<UnansweredAcquire> take_due(TimePoint now);  // to be taken back in the kernel
  std::optional<TimePoint> next_due() const;
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    UnansweredAcquire question;
    TimePoint touched{};
    unsigned failures = 0;
    std::optional<TimePoint> due;
  };
  void set_due(const ike::PairKey& wanted, Entry& entry, std::optional<TimePoint> due);

  std::map<ike::PairKey, Entry> entries_;
  std::set<std::pair<TimePoint, ike::PairKey>> due_;
  TimePoint swept_{};
};

}  // namespace ipsec9000
