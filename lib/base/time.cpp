#include "base/time.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace ipsec9000 {

std::string to_rfc3339(WallTime time) {
  const auto since_epoch = time.time_since_epoch().count();
  const std::time_t whole = static_cast<std::time_t>(since_epoch / 1000);
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  std::array<char, 64> text{};
  const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(since_epoch % 1000));
  return std::string(text.data(), length) + fraction.data();
}

}  // namespace ipsec9000
