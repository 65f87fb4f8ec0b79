// A set in which a few policies are replaced, beside one made anew.
#include "policy_set.hpp"

#include <catch2/catch.hpp>

#include "../policy/policies.hpp"
#include "kernel_side.hpp"
#include "policy/changes.hpp"
#include "policy/difference.hpp"
#include "support/fake_kernel.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
// Some policies of the set as they are in `other`, where the two have the same names at the same places.
std::vector<Policy> some_of(const Configuration& now, const Configuration& other, RandomPolicies& random) {
  std::vector<Policy> next;
  for (std::size_t index = 0; index < now.policies.size() && index < other.policies.size(); ++index) {
    auto policy = other.policies[index];
    policy.name = now.policies[index].name;
    if (!random.one_in(4)) policy.filter = now.policies[index].filter;
    if (random.one_in(2) && policy != now.policies[index]) next.push_back(std::move(policy));
  }
  return next;
}

void check_same(const PolicySet& one, const PolicySet& anew, RandomPolicies& random) {
  REQUIRE(one.configuration == anew.configuration);
  REQUIRE(one.keying.reqid_map() == anew.keying.reqid_map());
  REQUIRE(one.keying.reqids() == anew.keying.reqids());
  for (int n = 0; n < 60; ++n) {
    const auto packet = random.packet();
    INFO(packet.to_string());
    for (const auto direction : {Direction::in, Direction::out}) {
      const auto match = one.matcher.match(packet, direction);
      const auto expected = anew.matcher.match(packet, direction);
      REQUIRE(match.place() == expected.place());
      REQUIRE(match.kind == expected.kind);
      REQUIRE(match.action == expected.action);
    }
    const auto protection = one.keying.protection_for(packet);
    const auto expected = anew.keying.protection_for(packet);
    REQUIRE(protection.has_value() == expected.has_value());
    if (protection) REQUIRE(*protection == *expected);
  }
}

bool same_changes(const std::vector<PolicyChange>& one, const std::vector<PolicyChange>& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](const auto& a, const auto& b) {
    return a.section == b.section && a.name == b.name && a.kind == b.kind && a.sas == b.sas &&
           a.fields.size() == b.fields.size();
  });
}
}  // namespace

TEST_CASE("policies replaced in a set and in the kernel: all is as if the set had been made anew") {
  unsigned taken = 0;
  for (unsigned seed = 1; seed <= 250; ++seed) {
    RandomPolicies random(seed);
    const auto set = PolicySet::make(random.configuration(9, seed % 3 == 0));
    FakeKernel kernel;
    KernelSide side(kernel);
    REQUIRE(side.bring_in_step(*set));
    for (int round = 0; round < 8; ++round) {
      INFO("seed " << seed << ", round " << round);
      const auto next = some_of(set->configuration, random.configuration(9, seed % 3 == 0), random);
      auto configuration = set->configuration;
      for (const auto& policy : next) configuration.policies[policy.place - 1] = policy;
      const auto anew = PolicySet::make(configuration, set->keying.reqid_map());
      const auto expected = changes_between(set->configuration, set->keying, configuration, anew->keying);
      REQUIRE(same_changes(changes_of(set->configuration, set->keying, next), expected));
      std::vector<PolicySet::Replaced> replaced;
      const auto applied = side.change(*set, next, replaced);
      if (!applied) continue;
      REQUIRE(*applied);
      ++taken;
      REQUIRE(replaced.size() == next.size());
      check_same(*set, *anew, random);
      const auto present = kernel.policies();
      REQUIRE(difference(present, compile(configuration, anew->keying.reqids(), present)).empty());
    }
  }
  CHECK(taken > 100);
}
