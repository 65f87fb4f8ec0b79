// A few policies changed without compiling everything: the kernel must end where a compilation would have led it.
#include "policy/compiled_table.hpp"

#include <algorithm>
#include <set>

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

  // What the table says is missing of what the kernel holds now.
  std::vector<PolicySpec> missing() {
    table.begin_look();
    for (const auto& state : kernel.policies()) (void)table.see(state.spec);
    std::vector<PolicySpec> specs;
    std::vector<TableGap> gaps;
    GapSearch search;
    while (table.find_gaps(search, 3, gaps)) continue;
    for (const auto& gap : gaps)
      if (gap.place == 0)
        table.fill(gap, nullptr, 0, specs);
      else
        table.fill(gap, &configuration.policies[gap.place - 1], reqids[gap.place - 1], specs);
    return specs;
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
      REQUIRE(held.missing().empty());
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

TEST_CASE("whatever is taken away or altered is told, as it was, and nothing else; the winning ones first") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    RandomPolicies random(seed);
    Held held(random.configuration(12, seed % 4 == 0));
    INFO("seed " << seed);
    if (seed % 3 == 0) {  // some of them with another owner mark: a policy has moved
      const auto moved = random.changed(held.configuration, seed % 4 == 0);
      const auto present = held.kernel.policies();
      const auto entries = compiled(moved, present);
      for (const auto& step : difference(present, entries)) {
        if (step.kind == PolicyStep::Kind::remove)
          REQUIRE(held.kernel.delete_policy(step.spec.key()));
        else
          REQUIRE(held.kernel.update_policy(step.spec));
      }
      held.table.remember(moved, entries);
      held.configuration = moved;
      held.reqids = some_reqids(moved);
    }
    REQUIRE(held.missing().empty());
    std::set<PolicySpec> taken;
    for (const auto& state : held.kernel.policies()) {
      if (!random.one_in(3)) continue;
      taken.insert(state.spec);
      auto altered = state.spec;
      ++altered.priority;
      if (random.one_in(2))
        REQUIRE(held.kernel.update_policy(altered));
      else
        held.kernel.delete_foreign(state.spec.key());
    }
    const auto missing = held.missing();
    CHECK(std::set<PolicySpec>(missing.begin(), missing.end()) == taken);
    CHECK(missing.size() == taken.size());
    CHECK(std::is_sorted(missing.begin(), missing.end(),
                         [](const auto& one, const auto& other) { return one.priority < other.priority; }));
  }
}

TEST_CASE("entries are remembered by what they say, through thousands that come and go") {
  RememberedEntries remembered;
  PolicySpec entry;
  entry.selector = KernelSelector::any(Family::ipv4);
  const auto numbered = [&](std::uint32_t number) {
    entry.priority = number;
    return entry;
  };
  CHECK_FALSE(remembered.see(entry));
  CHECK(remembered.all_seen());
  for (std::uint32_t n = 0; n < 5000; ++n) remembered.add(numbered(n), n + 1);
  for (std::uint32_t n = 0; n < 5000; n += 2) remembered.remove(numbered(n));
  remembered.remove(numbered(9999));
  CHECK(remembered.size() == 2500);
  remembered.begin_look();
  for (std::uint32_t n = 0; n < 5000; ++n)
    if (n != 7 && n != 4001) CHECK(remembered.see(numbered(n)) == (n % 2 == 1));
  CHECK_FALSE(remembered.all_seen());
  CHECK(remembered.is_missed(numbered(7)));
  CHECK_FALSE(remembered.is_missed(numbered(8)));
  std::vector<bool> places(5001);
  for (std::size_t at = remembered.mark_missed(0, places); at != 0;) at = remembered.mark_missed(at, places);
  CHECK(std::count(places.begin(), places.end(), true) == 2);
  CHECK((places[8] && places[4002]));
  remembered.remove(numbered(7));
  remembered.remove(numbered(9));  // seen already
  CHECK(remembered.see(numbered(4001)));
  CHECK(remembered.all_seen());
  remembered.begin_look();
  CHECK_FALSE(remembered.all_seen());
}
