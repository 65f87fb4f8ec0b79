#include "base/time.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000;

TEST_CASE("wall time is shown in UTC with milliseconds") {
  CHECK(to_rfc3339(WallTime{}) == "1970-01-01T00:00:00.000Z");
  CHECK(to_rfc3339(WallTime(milliseconds(1003508550007))) == "2001-10-19T16:22:30.007Z");
}
