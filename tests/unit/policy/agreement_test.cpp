// What the kernel does with the compiled policies is what the matcher says.
#include <catch2/catch.hpp>

#include "kernel_state.hpp"
#include "policy/matcher.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
void check_agreement(unsigned seed, RandomPolicies& random, const Configuration& configuration) {
  const Matcher matcher(configuration);
  const auto entries = compiled(configuration);
  FakeKernel kernel;
  load(kernel, entries);
  if (const auto tie = kernel.find_tie()) FAIL("seed " << seed << ": " << *tie);
  std::map<std::uint32_t, std::uint32_t> place_of;  // by priority
  for (const auto& entry : entries)
    if (entry.role == EntryRole::policy) place_of[entry.spec.priority] = entry.place;
  bool tunnels = false;
  for (const auto& policy : configuration.policies) tunnels = tunnels || policy.tunnel;
  for (int n = 0; n < 100; ++n) {
    const auto packet = random.packet();
    INFO("seed " << seed << ", " << packet.to_string());
    for (const auto direction : {Direction::in, Direction::out}) {
      const auto match = matcher.match(packet, direction);
      const auto found = kernel.lookup(direction == Direction::in ? PolicyDirection::in : PolicyDirection::out, packet);
      const bool same = found && *found && decision_of((*found)->spec) == match.action &&
                        (match.policy == nullptr || place_of[(*found)->spec.priority] == match.place());
      if (!same) REQUIRE(same);
      // Out of a tunnel, for a host behind us.
      if (direction == Direction::in && tunnels && match.policy != nullptr)
        if (kernel_decision(kernel, PolicyDirection::forward, packet) != match.action) FAIL("forward differs");
    }
  }
}
}  // namespace

TEST_CASE("a lookup in the compiled table gives the matcher's answer: random policies, random packets") {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    RandomPolicies random(seed);
    check_agreement(seed, random, random.configuration(1 + random.pick(30)));
  }
}

TEST_CASE("the same with many policies over few addresses") {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    RandomPolicies random(1000 + seed);
    check_agreement(1000 + seed, random, random.configuration(200));
  }
}
