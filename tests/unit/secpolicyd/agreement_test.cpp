// Whether the kernel's table gives a packet to the policy that the matcher chose, told by the few entries in question.
#include <catch2/catch.hpp>

#include "../policy/policies.hpp"
#include "kernel_side.hpp"
#include "support/fake_kernel.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
std::unique_ptr<const PolicySet> one_policy() {
  Configuration configuration;
  add(configuration, {.remote = "10.1.0.0/24", .protocol = IpProtocol::tcp, .remote_port = PortRange::one(23)},
      Decision::secure);
  return PolicySet::make(std::move(configuration));
}
}  // namespace

TEST_CASE("the few entries in question for a packet tell what all of them tell, and the kernel is not read for them") {
  unsigned disagreements = 0;
  for (unsigned seed = 1; seed <= 60; ++seed) {
    RandomPolicies random(seed);
    const auto set = PolicySet::make(random.configuration(1 + random.pick(40)));
    FakeKernel kernel;
    KernelSide side(kernel);
    REQUIRE(side.bring_in_step(*set));
    for (int n = 0; n < 40; ++n) {
      // Somebody changes an entry in its place, and nobody hears of it: what is told is what is there.
      if (random.one_in(4)) {
        const auto all = kernel.policies();
        auto spec = all[random.pick(static_cast<unsigned>(all.size()))].spec;
        spec.action = spec.action == PolicyAction::block ? PolicyAction::allow : PolicyAction::block;
        spec.templates.clear();
        REQUIRE(kernel.update_policy(spec));
      }
      const auto packet = random.packet();
      for (const auto direction : {Direction::in, Direction::out}) {
        kernel.log().clear();
        const auto few = side.policies_for(packet, direction);
        REQUIRE(few);
        for (const auto& line : kernel.log()) REQUIRE_FALSE(line.starts_with("dump policies"));
        const auto match = set->matcher.match(packet, direction);
        const bool agrees = side.agrees(*few, packet, direction, match);
        INFO("seed " << seed << ", " << packet.to_string());
        REQUIRE(agrees == side.agrees(kernel.policies(), packet, direction, match));
        disagreements += agrees ? 0 : 1;
      }
    }
  }
  CHECK(disagreements > 100);
}

TEST_CASE("where others have entries in the kernel too, or may have, all are looked through for a packet") {
  const auto set = one_policy();
  const auto packet = flow("10.1.0.1", 40000, "10.1.0.2", 23);
  FakeKernel kernel;
  KernelSide side(kernel);
  REQUIRE(side.bring_in_step(*set));
  const auto reads_all = [&] {
    kernel.log().clear();
    REQUIRE(side.policies_for(packet, Direction::out));
    return std::count(kernel.log().begin(), kernel.log().end(), "dump policies") != 0;
  };
  CHECK_FALSE(reads_all());
  PolicySpec foreign;
  foreign.selector = KernelSelector::of(packet);
  foreign.priority = 1;
  foreign.owner = 77;
  kernel.add_foreign(foreign);  // seen by the number of entries
  CHECK(reads_all());
  CHECK_FALSE(side.agrees(*side.policies_for(packet, Direction::out), packet, Direction::out,
                          set->matcher.match(packet, Direction::out)));
  REQUIRE(side.bring_in_step(*set));  // which counts it, and leaves it
  CHECK(reads_all());
  kernel.delete_foreign(foreign.key());
  REQUIRE(side.bring_in_step(*set));
  CHECK_FALSE(reads_all());
  side.distrust();
  CHECK(reads_all());
}
