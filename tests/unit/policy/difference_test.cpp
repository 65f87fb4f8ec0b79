// Live change: what is done, and that no step of it opens anything.
#include "policy/difference.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "kernel_state.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
Result<void> apply(FakeKernel& kernel, const PolicyStep& step) {
  if (step.kind == PolicyStep::Kind::add) return kernel.add_policy(step.spec);
  if (step.kind == PolicyStep::Kind::update) return kernel.update_policy(step.spec);
  return kernel.delete_policy(step.spec.key());
}

struct Decided {
  Decision decision;
  std::vector<Template> templates;
  bool operator==(const Decided&) const = default;
};

constexpr std::array all_directions{PolicyDirection::in, PolicyDirection::out, PolicyDirection::forward};

// A tie between an old entry and a new one is either of the two to a packet, so all that tie are returned.
std::vector<Decided> decided(const std::vector<PolicyState>& policies, PolicyDirection direction, const Flow& packet) {
  std::vector<Decided> best;
  const auto* winner = kernel_lookup(policies, direction, packet);
  if (winner == nullptr) return {{Decision::discard, {}}};  // the kernel's default is to block while we run
  for (const auto& policy : policies)
    if (policy.spec.direction == direction && policy.spec.priority == winner->spec.priority &&
        policy.spec.selector.matches(packet))
      best.push_back({decision_of(policy.spec), policy.spec.templates});
  return best;
}

std::vector<PolicyStep> steps_to(FakeKernel& kernel, const Configuration& wanted) {
  const auto present = kernel.policies();
  return difference(present, compiled(wanted, present));
}
}  // namespace

TEST_CASE("nothing is touched when nothing changed") {
  RandomPolicies random(7);
  for (int n = 0; n < 20; ++n) {
    const auto configuration = random.configuration(20);
    FakeKernel kernel;
    load(kernel, compiled(configuration));
    CHECK(steps_to(kernel, configuration).empty());
  }
}

TEST_CASE("one policy more, one less, one changed: only its own entries are touched") {
  Configuration configuration;
  for (int n = 1; n <= 9; ++n) add(configuration, {.remote = "10.0.0." + std::to_string(n)}, Decision::secure);
  FakeKernel kernel;
  load(kernel, compiled(configuration));
  const auto reloaded = [&](auto edit) {
    Configuration other = configuration;
    edit(other);
    // The reqids stay with their policies, as Keying keeps them.
    const auto present = kernel.policies();
    std::vector<std::uint32_t> reqids;
    for (const auto& policy : other.policies)
      reqids.push_back(policy.action == Decision::secure
                           ? 0x49500000 + static_cast<std::uint32_t>(std::stoul(policy.name.substr(1)))
                           : 0);
    for (std::size_t i = 0; i < other.policies.size(); ++i) other.policies[i].place = static_cast<unsigned>(i + 1);
    return difference(present, compile(other, reqids, present));
  };
  const auto removed = reloaded([](Configuration& other) { other.policies.erase(other.policies.begin()); });
  REQUIRE(removed.size() == 2);
  CHECK(removed[0].kind == PolicyStep::Kind::remove);
  const auto inserted = reloaded([](Configuration& other) {
    add(other, {.remote = "10.0.0.77"});
    std::rotate(other.policies.begin(), other.policies.end() - 1, other.policies.end());
  });
  REQUIRE(inserted.size() == 2);
  CHECK(inserted[0].kind == PolicyStep::Kind::add);
  const auto changed = reloaded([](Configuration& other) {
    other.policies[4].action = Decision::discard;
    other.policies[4].transforms.clear();
  });
  REQUIRE(changed.size() == 2);
  CHECK(changed[0].kind == PolicyStep::Kind::update);
  const auto moved = reloaded([](Configuration& other) {
    std::rotate(other.policies.begin(), other.policies.begin() + 1, other.policies.end());
  });
  CHECK(moved.size() == 4);
}

TEST_CASE("at each step of a change each packet has its old decision or its new one") {
  std::size_t steps_seen = 0;
  for (unsigned seed = 1; seed <= 120; ++seed) {
    RandomPolicies random(seed);
    auto configuration = random.configuration(2 + random.pick(10));
    FakeKernel kernel;
    load(kernel, compiled(configuration));
    for (int reload = 0; reload < 3; ++reload) {
      const auto wanted = random.changed(configuration);
      const auto before = kernel.policies();
      const auto entries = compiled(wanted, before);
      FakeKernel fresh;
      load(fresh, entries);
      const auto after = fresh.policies();
      struct Expected {
        Flow packet;
        PolicyDirection direction;
        Decided before;
        Decided after;
      };
      std::vector<Expected> packets;
      for (int n = 0; n < 12; ++n)
        for (const auto direction : all_directions) {
          const auto packet = random.packet();
          packets.push_back({packet, direction, decided(before, direction, packet).front(),
                             decided(after, direction, packet).front()});
        }
      for (const auto& step : difference(before, entries)) {
        const auto done = apply(kernel, step);
        INFO("seed " << seed << ": " << step.spec.to_string() << ": " << (done ? "" : done.error().text));
        REQUIRE(done);
        ++steps_seen;
        const auto now = kernel.policies();
        for (const auto& each : packets)
          for (const auto& decision : decided(now, each.direction, each.packet))
            if (decision != each.before && decision != each.after) {
              INFO(each.packet.to_string()
                   << " " << to_string(each.direction) << ": " << to_string(each.before.decision) << ", "
                   << to_string(decision.decision) << ", " << to_string(each.after.decision));
              REQUIRE(false);
            }
      }
      REQUIRE(steps_to(kernel, wanted).empty());
      if (const auto tie = kernel.find_tie()) FAIL("seed " << seed << ": " << *tie);
      configuration = wanted;
    }
  }
  CHECK(steps_seen > 2000);
}

TEST_CASE("a change that was interrupted is completed by the next one") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    RandomPolicies random(5000 + seed);
    const auto configuration = random.configuration(12);
    FakeKernel kernel;
    load(kernel, compiled(configuration));
    auto wanted = configuration;
    for (int reload = 0; reload < 4; ++reload) {
      wanted = random.changed(wanted);
      const auto steps = steps_to(kernel, wanted);
      const auto stop = steps.empty() ? 0 : random.pick(static_cast<unsigned>(steps.size()));
      for (std::size_t n = 0; n < stop; ++n) REQUIRE(apply(kernel, steps[n]));
    }
    INFO("seed " << seed);
    for (const auto& step : steps_to(kernel, wanted)) REQUIRE(apply(kernel, step));
    CHECK(steps_to(kernel, wanted).empty());
    FakeKernel fresh;
    load(fresh, compiled(wanted));
    for (int n = 0; n < 20; ++n) {
      const auto packet = random.packet();
      for (const auto direction : all_directions)
        CHECK(kernel_decision(kernel, direction, packet) == kernel_decision(fresh, direction, packet));
    }
  }
}

TEST_CASE("priorities run out of room only to be given out anew") {
  Configuration configuration;
  FakeKernel kernel;
  // Always between the first and the rest: the gap halves each time.
  for (int n = 1; n <= 40; ++n) {
    Policy policy;
    policy.name = "p" + std::to_string(n);
    policy.filter = filter({.remote = "10.0.0." + std::to_string(n)});
    configuration.policies.insert(configuration.policies.begin() + (configuration.policies.empty() ? 0 : 1), policy);
    for (std::size_t i = 0; i < configuration.policies.size(); ++i)
      configuration.policies[i].place = static_cast<unsigned>(i + 1);
    for (const auto& step : steps_to(kernel, configuration)) REQUIRE(apply(kernel, step));
    REQUIRE(steps_to(kernel, configuration).empty());
  }
  CHECK(kernel.policies().size() == 40 * 2 + 10 + 6);
}
