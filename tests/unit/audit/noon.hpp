// The time of these tests: 2001-10-19T12:00:00Z, a day of the original's manual.
#pragma once
#include "base/time.hpp"

namespace ipsec9000::test {

constexpr WallTime noon(milliseconds(1003492800000));

}  // namespace ipsec9000::test
