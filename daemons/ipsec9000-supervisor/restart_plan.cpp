#include "restart_plan.hpp"

#include <algorithm>

namespace ipsec9000 {

Duration RestartPlan::next_pause(Duration lived) {
  constexpr unsigned doublings = 9;  // enough to be beyond `longest`
  if (lived >= calm) failures_ = 0;
  const auto pause = std::min(longest, shortest * (1U << failures_));
  failures_ = std::min(failures_ + 1, doublings);
  return pause;
}

}  // namespace ipsec9000
