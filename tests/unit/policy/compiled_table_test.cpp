// A few policies changed without compiling everything: the kernel must end where a compilation would have led it.
#include "policy/compiled_table.hpp"

#include "kernel_state.hpp"
#include "policy/difference.hpp"
#include "policy/matcher.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
// A kernel that holds a configuration, and what is remembered of it.
struct Held {
  explicit Held(Configuration given) : configuration(std::move(given)), reqids(some_reqids(configuration)) {
    const auto entries = compiled(configuration);
    load(kernel, entries);
    table.remember(configuration, entries);
  }

  std::optional<std::vector<PolicyStep>> steps_to(const Configuration& after) const {
    const auto change = table.small_change({configuration, reqids}, {after, some_reqids(after)});
    return change ? std::optional(change->steps) : std::nullopt;
  }

  // Takes the steps; false when they are for compile() to find.
  bool change(const Configuration& after) {
    const auto small = table.small_change({configuration, reqids}, {after, some_reqids(after)});
    if (!small) return false;
    for (const auto& step : small->steps) {
      if (step.kind == PolicyStep::Kind::add) REQUIRE(kernel.add_policy(step.spec));
      if (step.kind == PolicyStep::Kind::update) REQUIRE(kernel.update_policy(step.spec));
      if (step.kind == PolicyStep::Kind::remove) REQUIRE(kernel.delete_policy(step.spec.key()));
    }
    table.accept(*small);
    configuration = after;
    reqids = some_reqids(after);
    return true;
  }

  Configuration configuration;
  std::vector<std::uint32_t> reqids;
  FakeKernel kernel;
  CompiledTable table;
};

Configuration three() {
  Configuration made;
  add(made, {.local = "10.0.0.1", .remote = "10.0.0.2", .protocol = IpProtocol::tcp}, Decision::secure);
  add(made, {.local = "10.0.0.1", .remote = "10.0.0.3", .protocol = IpProtocol::tcp}, Decision::pass);
  add(made, {.local = "10.0.0.1", .remote = "10.1.0.0/16"}, Decision::discard);
  return made;
}
}  // namespace

TEST_CASE("a policy that does something else is two updates in place") {
  Held held(three());
  auto after = three();
  after.policies[1].action = Decision::discard;
  const auto steps = held.steps_to(after);
  REQUIRE(steps);
  REQUIRE(steps->size() == 2);
  for (const auto& step : *steps) {
    CHECK(step.kind == PolicyStep::Kind::update);
    CHECK(step.spec.action == PolicyAction::block);
  }
  CHECK(held.steps_to(three())->empty());
}

TEST_CASE("a policy for another host comes before the old one goes") {
  Held held(three());
  auto after = three();
  after.policies[0].filter = filter({.local = "10.0.0.1", .remote = "10.0.0.9", .protocol = IpProtocol::tcp});
  const auto steps = held.steps_to(after);
  REQUIRE(steps);
  std::string kinds;
  for (const auto& step : *steps) kinds += step.kind == PolicyStep::Kind::add ? '+' : '-';
  CHECK(kinds == "++--");
}

TEST_CASE("what concerns other entries is left to the compiler") {
  const Held held(three());
  struct Row {
    std::string what;
    std::function<void(Configuration&)> change;
  };
  const std::vector<Row> rows{
      {"one more policy", [](auto& c) { add(c, {.remote = "10.5.0.1"}); }},
      {"the default", [](auto& c) { c.default_action = Decision::discard; }},
      {"the bypass list", [](auto& c) { c.bypass.push_back(address("10.0.0.1")); }},
      {"fewer exact fields", [](auto& c) { c.policies[0].filter.protocol = IpProtocol::any; }},
      {"a tunnel",
       [](auto& c) {
         c.policies[0].tunnel = TunnelEnds{address("10.0.0.1"), address("10.9.9.9")};
       }},
      {"another's selector", [](auto& c) { c.policies[1].filter = c.policies[0].filter; }},
      {"two places exchanged", [](auto& c) { std::swap(c.policies[0].filter, c.policies[1].filter); }},
  };
  for (const auto& row : rows) {
    auto after = three();
    row.change(after);
    INFO(row.what);
    CHECK_FALSE(held.steps_to(after));
  }
}

TEST_CASE("after random small changes the kernel agrees with the matcher, and the compiler finds nothing to do") {
  unsigned small = 0;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    RandomPolicies random(seed);
    const bool tunnels = seed % 4 == 0;
    Held held(random.configuration(8, tunnels));
    for (int round = 0; round < 6; ++round) {
      const auto after = random.changed(held.configuration, tunnels);
      if (!held.change(after)) continue;
      ++small;
      INFO("seed " << seed << ", round " << round);
      if (const auto tie = held.kernel.find_tie()) FAIL(*tie);
      const auto present = held.kernel.policies();
      REQUIRE(difference(present, compiled(held.configuration, present)).empty());
      const Matcher matcher(held.configuration);
      for (int n = 0; n < 30; ++n) {
        const auto packet = random.packet();
        INFO(packet.to_string());
        for (const auto direction : {Direction::in, Direction::out})
          REQUIRE(kernel_decision(held.kernel, direction == Direction::in ? PolicyDirection::in : PolicyDirection::out,
                                  packet) == matcher.match(packet, direction).action);
      }
    }
  }
  CHECK(small > 50);
}
