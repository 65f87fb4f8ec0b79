// The machine's wall clock, for the adapters. The protocol core is told the time (base/time.hpp).
#pragma once
#include <cstdint>

#include "base/time.hpp"

namespace ipsec9000 {

inline WallTime wall_now() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

// Since 1970, as the kernel counts the use of its policies and SAs ...
inline std::uint64_t wall_seconds() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

// ... and as traces date their packets.
inline std::uint64_t wall_microseconds() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
}

}  // namespace ipsec9000
