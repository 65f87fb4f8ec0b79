// Many hosts that all start at the same tick. IPSEC9000_SEEDS=100 runs a hundred meshes.
#include <catch2/catch.hpp>

#include "support/weather.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

TEST_CASE("a mesh of nodes that all start at the same tick: every two of them end with one pair") {
  constexpr unsigned nodes = 50;
  for (std::uint64_t seed = 1; seed <= seeds(1); ++seed) {
    CAPTURE(seed);
    Network network(seed);
    network.cheap_keys = true;
    network.examined = 50;
    SeededRandom random(seed * 31);
    let_it_blow(network, random, {0, 0, 20});
    std::vector<Host*> hosts;
    for (unsigned i = 0; i < nodes; ++i)
      hosts.push_back(&network.add("n" + std::to_string(i), "10.2.0." + std::to_string(i + 1)));
    for (auto* from : hosts)
      for (auto* to : hosts)
        if (from != to) from->engine.acquire(usual_protection(*from, *to), network.now);
    network.advance(seconds(35));
    unsigned wrong = 0;
    for (auto* host : hosts) {
      wrong += host->pairs() == nodes - 1 && host->sas.size() == 2 * (nodes - 1) ? 0 : 1;
      for (const auto& [key, keys] : host->sas) {
        const auto& peer = key.source == host->address ? key.destination : key.source;
        const auto* other = network.find(peer);
        wrong += other != nullptr && other->sas.contains(key) && other->sas.at(key) == keys ? 0 : 1;
      }
    }
    CHECK(wrong == 0);
  }
}
