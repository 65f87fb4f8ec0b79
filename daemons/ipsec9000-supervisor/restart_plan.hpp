// When a daemon that has ended is started again: at once at first, ever later while it keeps ending.
#pragma once
#include "base/time.hpp"

namespace ipsec9000 {

class RestartPlan {
 public:
  static constexpr Duration shortest{100};
  static constexpr Duration longest{30'000};
  static constexpr Duration calm{60'000};  // a daemon that lived as long begins anew with the shortest pause

  // It has ended after `lived`; gives the pause before its next start.
  Duration next_pause(Duration lived);
  // A person wants it started now, and has perhaps removed the cause.
  void forget() { failures_ = 0; }

 private:
  unsigned failures_ = 0;  // ends in a row, each after less than `calm`
};

}  // namespace ipsec9000
