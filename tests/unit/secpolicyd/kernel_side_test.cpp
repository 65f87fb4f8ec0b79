#include "service_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
std::unique_ptr<const PolicySet> set_of(const std::string& policies) {
  auto parsed = parse_configuration(document(policies), "x");
  REQUIRE(parsed.valid());
  return PolicySet::make(std::move(*parsed.configuration));
}
}  // namespace

TEST_CASE("a daemon that starts again adopts its predecessor's policies without touching them") {
  FakeKernel kernel;
  const auto set = set_of(telnet_secured + "," + no_udp);
  REQUIRE(KernelSide(kernel).bring_in_step(*set));
  const auto before = kernel.policies();
  KernelSide again(kernel);
  CHECK(again.has_ours());
  const auto applied = again.bring_in_step(*set_of(telnet_secured + "," + no_udp));
  REQUIRE(applied);
  CHECK(applied->nothing());
  CHECK(kernel.policies() == before);
}

TEST_CASE("policies of other programs are left alone, and told as a problem") {
  FakeKernel kernel;
  PolicySpec foreign;
  foreign.selector = KernelSelector::any(Family::ipv4);
  foreign.priority = 1;
  foreign.owner = 77;
  kernel.add_foreign(foreign);
  KernelSide side(kernel);
  REQUIRE(side.bring_in_step(*set_of(telnet_secured)));
  REQUIRE(side.problems().size() == 1);
  CHECK(side.problems()[0].starts_with("1 policy of another program"));
  REQUIRE(side.withdraw());
  CHECK(kernel.policies().size() == 1);
}

TEST_CASE("withdrawing leaves nothing of ours and lets pass what no policy matches") {
  FakeKernel kernel;
  KernelSide side(kernel);
  REQUIRE(side.bring_in_step(*set_of(telnet_secured)));
  CHECK(kernel.defaults().out == PolicyAction::block);
  CHECK(side.is_protecting());
  REQUIRE(side.withdraw());
  CHECK(kernel.policies().empty());
  CHECK(kernel.defaults().out == PolicyAction::allow);
  CHECK(kernel.defaults().in == PolicyAction::allow);
  CHECK_FALSE(side.is_protecting());
}

TEST_CASE("thresholds are set for the policies in use") {
  FakeKernel kernel;
  KernelSide side(kernel);
  REQUIRE(side.bring_in_step(*set_of(
      R"({"name": "a", "action": "pass", "filter": {"remote": "10.0.0.1"}}, {"name": "b", "action": "pass", "filter": {"remote": "10.0.0.2"}})")));
  CHECK(kernel.thresholds().ipv4 == HashThreshold{0, 32});
}

TEST_CASE("an error of the kernel at any point of a change is reported, and the next try completes it") {
  const auto first = set_of(telnet_secured);
  const auto second =
      set_of(no_udp + "," + telnet_secured + R"(,{"name": "c", "action": "pass", "filter": {"remote": "10.9.0.1"}})");
  for (std::size_t after = 0; after < 12; ++after) {
    FakeKernel kernel;
    KernelSide side(kernel);
    REQUIRE(side.bring_in_step(*first));
    kernel.fail_next(Error{ErrorCode::refused, "no memory"}, after);
    (void)side.bring_in_step(*second);
    kernel.fail_next(Error{ErrorCode::refused, "spent"}, 100'000);
    REQUIRE(side.bring_in_step(*second));
    CHECK(side.bring_in_step(*second)->nothing());
    CHECK_FALSE(kernel.find_tie());
  }
}

TEST_CASE("one policy that changes is two updates, without reading the kernel; after a disturbance it is read") {
  const std::string other = R"({"name": "other", "filter": {"remote": "10.7.0.1"}, "action": )";
  const auto before = set_of(telnet_secured + "," + other + R"("pass"})");
  const auto after = set_of(telnet_secured + "," + other + R"("discard"})");
  FakeKernel kernel;
  KernelSide side(kernel);
  REQUIRE(side.bring_in_step(*before));
  const auto dumps = [&] {
    return std::count_if(kernel.log().begin(), kernel.log().end(),
                         [](const auto& line) { return line.starts_with("open a policy dump"); });
  };
  const auto earlier = dumps();
  const auto applied = side.change(*before, *after);
  REQUIRE(applied);
  CHECK(applied->updated == 2);
  CHECK(applied->added + applied->removed == 0);
  CHECK(dumps() == earlier);

  kernel.flush_policies();
  side.distrust();
  REQUIRE(side.change(*after, *before));
  CHECK(dumps() == earlier + 1);
  CHECK(side.bring_in_step(*before)->nothing());
}

TEST_CASE("the cheap look sees what came, what went and an open default, and does not read the policies") {
  const std::string other = R"({"name": "other", "filter": {"remote": "10.7.0.1"}, "action": "pass"})";
  const std::string elsewhere = R"({"name": "other", "filter": {"remote": "10.7.0.2"}, "action": "pass"})";
  const auto before = set_of(telnet_secured + "," + other);
  const auto after = set_of(telnet_secured + "," + elsewhere);
  FakeKernel kernel;
  KernelSide side(kernel);
  CHECK_FALSE(side.seems_in_step());
  REQUIRE(side.block_by_default());
  REQUIRE(side.bring_in_step(*before));
  kernel.log().clear();
  CHECK(side.seems_in_step());
  REQUIRE(side.change(*before, *after));
  CHECK(side.seems_in_step());
  for (const auto& line : kernel.log()) CHECK_FALSE(line.starts_with("dump"));
  kernel.delete_foreign(kernel.policies().front().spec.key());
  CHECK_FALSE(side.seems_in_step());
  REQUIRE(side.bring_in_step(*after));
  CHECK(side.seems_in_step());
  REQUIRE(kernel.set_default({PolicyAction::allow, PolicyAction::allow, PolicyAction::allow}));
  CHECK_FALSE(side.seems_in_step());
}

TEST_CASE("a look that finds what was left compiles nothing, and whatever was changed is found and put right") {
  const auto set = set_of(no_udp + "," + telnet_secured);
  FakeKernel kernel;
  KernelSide side(kernel);
  REQUIRE(side.keep_in_step(*set));  // the first one of all
  const auto good = kernel.policies();
  kernel.log().clear();
  CHECK(side.keep_in_step(*set)->nothing());
  for (const auto& line : kernel.log())
    CHECK((line == "get default" || line == "open a policy dump" || line == "read a piece of the policies" ||
           line == "read SPD figures"));
  std::vector<std::function<void(PolicySpec&)>> changes{
      [](PolicySpec& spec) {
        spec.action = spec.action == PolicyAction::block ? PolicyAction::allow : PolicyAction::block;
      },
      [](PolicySpec& spec) { spec.match_icmp_errors = true; },
      [](PolicySpec& spec) { spec.templates.clear(); },
      [](PolicySpec& spec) {
        for (auto& layer : spec.templates) ++layer.reqid;
      },
      [](PolicySpec& spec) {
        for (auto& layer : spec.templates) layer.optional = !layer.optional;
      },
      [](PolicySpec& spec) {
        for (auto& layer : spec.templates) layer.protocol = SaProtocol::ah;
      }};
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const auto& change : changes) {
      auto spec = good[at].spec;
      change(spec);
      if (spec == good[at].spec) continue;
      REQUIRE(kernel.update_policy(spec));
      REQUIRE(side.keep_in_step(*set)->updated == 1);
      REQUIRE(side.keep_in_step(*set)->nothing());
      REQUIRE(kernel.policies()[at].spec == good[at].spec);
    }
  kernel.delete_foreign(good.front().spec.key());
  CHECK(side.keep_in_step(*set)->added == 1);
  // Another priority may do as well, but that is for the comparison to say.
  auto moved = good.front().spec;
  const auto before = digest_of(moved);
  ++moved.priority;
  CHECK(digest_of(moved) != before);
  // After a small change what was left is another thing.
  const auto other =
      set_of(no_udp + "," + telnet_secured + R"(,{"name": "c", "action": "pass", "filter": {"remote": "10.9.0.1"}})");
  REQUIRE(side.change(*set, *other));
  CHECK(side.keep_in_step(*other)->nothing());
}

TEST_CASE("a small change that the kernel refuses is made by the whole comparison") {
  const std::string other = R"({"name": "other", "filter": {"remote": "10.7.0.1"}, "action": )";
  const auto before = set_of(telnet_secured + "," + other + R"("pass"})");
  const auto after =
      set_of(telnet_secured + R"(,{"name": "other", "filter": {"remote": "10.7.0.2"}, "action": "pass"})");
  FakeKernel kernel;
  KernelSide side(kernel);
  REQUIRE(side.bring_in_step(*before));
  kernel.flush_policies();  // not noticed: the entries that should go are not there
  REQUIRE(side.change(*before, *after));
  CHECK(side.bring_in_step(*after)->nothing());
}

namespace {
std::unique_ptr<const PolicySet> many(std::size_t count) {
  std::string policies = telnet_secured;
  for (std::size_t n = 0; n < count; ++n)
    policies += R"(,{"name": "p)" + std::to_string(n) + R"(", "action": "pass", "filter": {"remote": "10.2.)" +
                std::to_string(n / 250) + "." + std::to_string(n % 250) + R"("}})";
  return set_of(policies);
}

std::vector<std::uint32_t> priorities(const std::vector<PolicyState>& policies) {
  std::vector<std::uint32_t> all;
  for (const auto& state : policies) all.push_back(state.spec.priority);
  std::sort(all.begin(), all.end());
  return all;
}
}  // namespace

TEST_CASE("a flush of very many is repaired in small parts, with what wins first and nothing open meanwhile") {
  const auto set = many(2000);
  FakeKernel kernel;
  KernelSide side(kernel);
  REQUIRE(side.bring_in_step(*set));
  const auto good = kernel.policies();
  kernel.flush_policies();
  REQUIRE(kernel.set_default({PolicyAction::allow, PolicyAction::allow, PolicyAction::allow}));
  side.distrust();
  const auto wanted = priorities(good);
  bool seen_at_work = false;
  std::size_t parts = 0;
  std::optional<KernelSide::Applied> over;
  for (; !over; ++parts) {
    kernel.log().clear();
    auto done = side.go_on_looking(*set);
    REQUIRE(done);
    over = std::move(*done);
    CHECK(kernel.defaults().out == PolicyAction::block);
    CHECK(kernel.log().size() < 600);
    if (kernel.log().size() < 5) continue;  // has read only
    // What is there wins over all that is still missing.
    const auto there = priorities(kernel.policies());
    REQUIRE(std::equal(there.begin(), there.end(), wanted.begin()));
    seen_at_work = seen_at_work || side.is_repairing();
  }
  CHECK(parts > 8);
  CHECK(over->added == good.size());
  CHECK(seen_at_work);
  CHECK_FALSE(side.is_repairing());
  CHECK(side.keep_in_step(*set)->nothing());
}

TEST_CASE("very many entries with our mark that are not ours go in small parts, the losing end first") {
  const auto set = many(20);
  FakeKernel kernel;
  KernelSide side(kernel);
  REQUIRE(side.bring_in_step(*set));
  const auto good = kernel.policies();
  constexpr std::uint32_t first = 3'000'000'000;
  for (std::uint32_t n = 0; n < 1700; ++n) {
    auto strange = good[n % good.size()].spec;
    strange.owner = policy_owner + 1 + n / static_cast<std::uint32_t>(good.size());
    if (!is_our_owner(strange.owner)) {  // as many as there are marks; the others differ in the port
      strange.owner = policy_owner;
      strange.selector.source_port = PortMask::one(static_cast<std::uint16_t>(1000 + n));
    }
    strange.priority = first + n;
    kernel.add_foreign(strange);
  }
  REQUIRE(kernel.policies().size() == good.size() + 1700);
  std::optional<KernelSide::Applied> over;
  std::size_t parts = 0;
  while (!over) {
    kernel.log().clear();
    auto done = side.go_on_looking(*set);
    REQUIRE(done);
    over = std::move(*done);
    CHECK(kernel.log().size() < 600);
    if (kernel.policies().size() == good.size() + 1700) continue;
    ++parts;
    const auto left = static_cast<std::uint32_t>(kernel.policies().size() - good.size());
    for (const auto& state : kernel.policies())
      if (state.spec.priority >= first && state.spec.priority < first + 1700) CHECK(state.spec.priority < first + left);
  }
  CHECK(parts >= 4);
  CHECK(over->removed == 1700);
  CHECK(over->added + over->updated == 0);
  CHECK(kernel.policies() == good);
}

TEST_CASE("one entry that is gone costs one addition; what has our mark but is not ours goes") {
  const auto set = many(500);
  FakeKernel kernel;
  KernelSide side(kernel);
  REQUIRE(side.bring_in_step(*set));
  kernel.delete_foreign(kernel.policies()[77].spec.key());
  auto strange = kernel.policies().front().spec;
  strange.owner = policy_owner + 3;
  kernel.add_foreign(strange);
  kernel.log().clear();
  const auto applied = side.keep_in_step(*set);
  REQUIRE(applied);
  CHECK(applied->added == 1);
  CHECK(applied->removed == 1);
  CHECK(applied->updated == 0);
  CHECK(applied->first.starts_with("added "));
  CHECK(std::count_if(kernel.log().begin(), kernel.log().end(), [](const auto& line) {
          return !line.starts_with("read a piece") && !line.starts_with("open a policy dump") &&
                 !line.starts_with("get default") && !line.starts_with("read SPD");
        }) <= 3);
}

TEST_CASE("what is changed by us during a look is not undone by it, and what others change is looked for again") {
  const std::string other = R"({"name": "other", "filter": {"remote": "10.7.0.1"}, "action": )";
  const auto before = set_of(telnet_secured + "," + other + R"("pass"})");
  const auto after = set_of(telnet_secured + "," + other + R"("discard"})");
  for (int parts = 0; parts < 8; ++parts) {
    INFO(parts << " parts before the change");
    FakeKernel kernel;
    KernelSide side(kernel);
    REQUIRE(side.bring_in_step(*before));
    for (int n = 0; n < parts; ++n) REQUIRE(side.go_on_looking(*before));
    REQUIRE(side.change(*before, *after));
    const auto good = kernel.policies();
    while (true) {
      const auto done = side.go_on_looking(*after);
      REQUIRE(done);
      if (!*done) continue;
      CHECK((*done)->nothing());
      break;
    }
    CHECK(kernel.policies() == good);
    // An entry that has been passed already goes: the look may not say that all is well.
    REQUIRE(side.go_on_looking(*after));
    REQUIRE(side.go_on_looking(*after));
    kernel.delete_foreign(kernel.policies().front().spec.key());
    side.distrust();
    while (!*side.go_on_looking(*after)) continue;
    kernel.log().clear();
    REQUIRE(side.change(*after, *before));  // reads the kernel, for the look is not to be trusted
    CHECK(std::count(kernel.log().begin(), kernel.log().end(), "read a piece of the policies") > 1);
    CHECK(kernel.policies().size() == good.size());
  }
}
