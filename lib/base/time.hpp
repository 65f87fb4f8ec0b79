// Time as the protocol core sees it: a number of milliseconds that somebody passes in. Nothing here reads a clock.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace ipsec9000 {

using Duration = std::chrono::milliseconds;
// Monotonic. The epoch means nothing; only differences do.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
// Wall clock, for records that people read.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string to_rfc3339(WallTime time);  // 2026-11-23T16:29:05.123Z

}  // namespace ipsec9000
