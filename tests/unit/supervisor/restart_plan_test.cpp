#include "restart_plan.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000;

TEST_CASE("a daemon that keeps ending is started ever later, and never later than the longest pause") {
  RestartPlan plan;
  Duration before{0};
  for (int n = 0; n < 100; ++n) {
    const auto pause = plan.next_pause(milliseconds(5));
    if (n == 0) CHECK(pause == RestartPlan::shortest);
    CHECK(pause >= before);
    CHECK(pause <= RestartPlan::longest);
    before = pause;
  }
  CHECK(before == RestartPlan::longest);
}

TEST_CASE("one that has lived a while, or that a person starts, begins with the shortest pause again") {
  RestartPlan plan;
  for (int n = 0; n < 5; ++n) (void)plan.next_pause(Duration(0));
  CHECK(plan.next_pause(RestartPlan::calm) == RestartPlan::shortest);
  CHECK(plan.next_pause(Duration(0)) > RestartPlan::shortest);
  plan.forget();
  CHECK(plan.next_pause(Duration(0)) == RestartPlan::shortest);
}
