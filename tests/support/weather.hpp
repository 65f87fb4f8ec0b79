// Seeded bad weather for a simulated network.
#pragma once
#include <cstdlib>

#include "support/ike_network.hpp"

namespace ipsec9000::test {

// How many seeds a test runs; IPSEC9000_SEEDS says another number.
inline std::uint64_t seeds(std::uint64_t usual) {
  const char* wanted = std::getenv("IPSEC9000_SEEDS");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : usual;
}

struct Weather {
  unsigned lost = 0;      // percent
  unsigned repeated = 0;  // percent
  int latest = 5;         // milliseconds of delay at most
};

inline void let_it_blow(Network& network, SeededRandom& random, const Weather& weather) {
  network.wire = [&random, weather](std::size_t, const ike::Datagram& sent) {
    std::vector<std::pair<Duration, Bytes>> arrivals;
    const auto delay = [&] {
      return Duration(1 + static_cast<int>(random.u32() % static_cast<unsigned>(weather.latest)));
    };
    if (random.u32() % 100 >= weather.lost) arrivals.emplace_back(delay(), sent.bytes);
    if (random.u32() % 100 < weather.repeated) arrivals.emplace_back(delay(), sent.bytes);
    return arrivals;
  };
}

}  // namespace ipsec9000::test
