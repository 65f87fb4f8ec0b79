#include "support/fake_kernel.hpp"

#include "messages.hpp"

using namespace ipsec9000;

namespace {

const Flow telnet{ip("10.1.0.1"), ip("10.1.0.2"), IpProtocol::tcp, 1500, 23};
const Flow second{ip("10.1.0.1"), ip("10.1.0.2"), IpProtocol::tcp, 1501, 23};

PolicySpec secure(std::uint32_t priority = 100) {
  PolicySpec policy{{prefix("10.1.0.1"), prefix("10.1.0.2"), IpProtocol::tcp, {}, PortMask::one(23)}};
  policy.priority = priority;
  policy.templates = {{SaProtocol::esp, Mode::transport, 7}};
  return policy;
}

PolicySpec any(PolicyAction action, std::uint32_t priority) {
  PolicySpec policy{KernelSelector::any(Family::ipv4)};
  policy.action = action;
  policy.priority = priority;
  return policy;
}

SaSpec esp(std::uint32_t spi, std::uint32_t reqid = 7) {
  SaSpec sa{ip("10.1.0.1"), ip("10.1.0.2"), Spi{spi}, SaProtocol::esp};
  sa.reqid = reqid;
  sa.encryption = SaEncryption{"cbc(aes)", Secret(Bytes(16, 1)), 0};
  sa.authentication = SaAuthentication{"hmac(sha256)", Secret(Bytes(32, 2)), 128};
  return sa;
}

std::unique_ptr<EventSource> listen(FakeKernel& kernel) {
  const std::array groups{EventGroup::acquire, EventGroup::expire, EventGroup::sa, EventGroup::policy};
  return *kernel.open_events(groups);
}

template <class T>
std::vector<T> taken(EventSource& events) {
  std::vector<T> wanted;
  auto all = events.read_events();
  for (auto& event : *all)
    if (auto* match = std::get_if<T>(&event)) wanted.push_back(std::move(*match));
  return wanted;
}

}  // namespace

TEST_CASE("the fake kernel refuses a second policy of one key, and updates in place") {
  FakeKernel kernel;
  REQUIRE(kernel.add_policy(secure()));
  const auto again = kernel.add_policy(secure(200));
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::already_exists);
  const auto before = kernel.get_policy(secure().key());
  REQUIRE(kernel.update_policy(secure(200)));
  const auto after = kernel.get_policy(secure().key());
  REQUIRE((before && after));
  CHECK(after->spec.priority == 200);
  CHECK(after->index == before->index);
  REQUIRE(kernel.update_policy(any(PolicyAction::block, 900)));  // creates
  CHECK(kernel.policies().size() == 2);
}

TEST_CASE("the fake kernel deletes by index or key, and says when there is nothing") {
  FakeKernel kernel;
  REQUIRE(kernel.add_policy(secure()));
  const auto state = kernel.get_policy(secure().key());
  REQUIRE(kernel.delete_policy(state->handle()));
  CHECK(kernel.delete_policy(state->handle()).error().code == ErrorCode::not_found);
  CHECK(kernel.delete_policy(secure().key()).error().code == ErrorCode::not_found);
  CHECK(kernel.delete_sa(esp(0x1000).id()).error().code == ErrorCode::not_found);
}

TEST_CASE("a packet meets the policy of the lowest priority that matches") {
  FakeKernel kernel;
  REQUIRE(kernel.add_policy(any(PolicyAction::block, 900)));
  REQUIRE(kernel.add_policy(secure(100)));
  const auto found = kernel.lookup(PolicyDirection::out, telnet);
  REQUIRE((found && *found));
  CHECK((*found)->spec == secure(100));
  CHECK((*kernel.lookup(PolicyDirection::out, {ip("10.1.0.1"), ip("10.1.0.2"), IpProtocol::tcp, 1, 80}))->spec.action ==
        PolicyAction::block);
  CHECK_FALSE(*kernel.lookup(PolicyDirection::in, telnet));
}

TEST_CASE("a tie between policies that match one packet is an error, and is found without a packet") {
  FakeKernel kernel;
  REQUIRE(kernel.add_policy(secure(100)));
  CHECK_FALSE(kernel.find_tie());
  auto other_port = secure(100);
  other_port.selector.destination_port = PortMask::one(24);
  REQUIRE(kernel.add_policy(other_port));  // cannot match the same packet
  CHECK_FALSE(kernel.find_tie());
  CHECK(kernel.lookup(PolicyDirection::out, telnet));
  REQUIRE(kernel.add_policy(any(PolicyAction::block, 100)));
  CHECK(kernel.find_tie());
  CHECK_FALSE(kernel.lookup(PolicyDirection::out, telnet));
  REQUIRE(kernel.add_policy([] {
    auto p = any(PolicyAction::allow, 5);
    p.owner = 1;
    return p;
  }()));
  CHECK(kernel.lookup(PolicyDirection::out, telnet));  // decided below the tie
}

TEST_CASE("a packet without an SA is held and asks once, until the wait is over") {
  FakeKernel kernel;
  const auto events = listen(kernel);
  REQUIRE(kernel.add_policy(secure()));
  CHECK(kernel.send(telnet)->outcome == FakeKernel::Outcome::held);
  CHECK(kernel.send(second)->outcome == FakeKernel::Outcome::held);  // same ends and reqid: no second question
  const auto asked = taken<Acquire>(*events);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].flow == telnet);
  CHECK(asked[0].policy.spec == secure());
  CHECK(kernel.larval_count() == 1);
  kernel.advance(FakeKernel::acquire_expires);
  const auto expired = taken<Expire>(*events);
  REQUIRE(expired.size() == 1);
  CHECK(expired[0].sequence == asked[0].sequence);
  CHECK(expired[0].sa.spi == Spi{0});
  CHECK(kernel.send(second)->outcome == FakeKernel::Outcome::held);
  CHECK(taken<Acquire>(*events).size() == 1);
}

TEST_CASE("an SA answers the wait, and carries the packets") {
  FakeKernel kernel;
  REQUIRE(kernel.add_policy(secure()));
  REQUIRE(kernel.send(telnet));
  REQUIRE(kernel.add_sa(esp(0x1000)));
  CHECK(kernel.larval_count() == 0);
  const auto sent = kernel.send(telnet);
  CHECK(sent->outcome == FakeKernel::Outcome::secured);
  CHECK(sent->sas == std::vector{esp(0x1000).id()});
}

TEST_CASE("an SPI of the acquire's sequence takes the waiting state over, and an update completes it") {
  FakeKernel kernel;
  const auto events = listen(kernel);
  REQUIRE(kernel.add_policy(secure()));
  REQUIRE(kernel.send(telnet));
  const auto asked = taken<Acquire>(*events);
  SpiRequest request{ip("10.1.0.1"), ip("10.1.0.2"), SaProtocol::esp, Mode::transport, 7, asked.at(0).sequence};
  const auto spi = kernel.allocate_spi(request);
  REQUIRE(spi);
  CHECK(kernel.larval_count() == 0);
  CHECK(kernel.get_sa({ip("10.1.0.2"), *spi, SaProtocol::esp}, Keys::leave_out)->condition == SaCondition::larval);
  CHECK(kernel.send(telnet)->outcome == FakeKernel::Outcome::held);
  CHECK(taken<Acquire>(*events).empty());
  REQUIRE(kernel.update_sa(esp(static_cast<std::uint32_t>(*spi))));
  CHECK(kernel.send(telnet)->outcome == FakeKernel::Outcome::secured);
  CHECK(kernel.update_sa(esp(0x9999)).error().code == ErrorCode::not_found);
}

TEST_CASE("a larval SA that is dropped lets the next flow ask") {
  FakeKernel kernel;
  const auto events = listen(kernel);
  REQUIRE(kernel.add_policy(secure()));
  REQUIRE(kernel.send(telnet));
  const auto asked = taken<Acquire>(*events);
  REQUIRE(drop_larval(kernel, asked.at(0)));
  CHECK(kernel.larval_count() + kernel.sa_count() == 0);
  REQUIRE(kernel.send(second));
  CHECK(taken<Acquire>(*events).at(0).flow == second);
}

TEST_CASE("the newest SA whose selector has room carries the packet") {
  FakeKernel kernel;
  REQUIRE(kernel.add_policy(secure()));
  REQUIRE(kernel.add_sa(esp(0x1000)));
  auto narrow = esp(0x1001);
  narrow.selector = KernelSelector::of(second);
  REQUIRE(kernel.add_sa(narrow));
  CHECK(kernel.send(telnet)->sas == std::vector{esp(0x1000).id()});
  CHECK(kernel.send(second)->sas == std::vector{esp(0x1001).id()});
  kernel.advance(1);
  REQUIRE(kernel.add_sa(esp(0x1002)));
  CHECK(kernel.send(second)->sas == std::vector{esp(0x1002).id()});
  REQUIRE(kernel.delete_sa(esp(0x1002).id()));
  CHECK(kernel.send(second)->sas == std::vector{esp(0x1001).id()});
}

TEST_CASE("nested layers are asked for one by one, the innermost first") {
  FakeKernel kernel;
  const auto events = listen(kernel);
  auto policy = secure();
  policy.templates.push_back({SaProtocol::ah, Mode::transport, 8});
  REQUIRE(kernel.add_policy(policy));
  REQUIRE(kernel.send(telnet));
  CHECK(taken<Acquire>(*events).at(0).wanted == 0);
  REQUIRE(kernel.add_sa(esp(0x1000)));
  REQUIRE(kernel.send(telnet));
  const auto asked = taken<Acquire>(*events);
  CHECK(asked.at(0).wanted == 1);
  CHECK(asked.at(0).protocol == SaProtocol::ah);
}

TEST_CASE("SAs expire by time, bytes and packets: softly once, then for good") {
  FakeKernel kernel;
  const auto events = listen(kernel);
  auto sa = esp(0x1000);
  sa.soft = {1000, 0, 10, 0};
  sa.hard = {2000, 50, 20, 0};
  REQUIRE(kernel.add_sa(sa));
  kernel.advance(11);
  auto expired = taken<Expire>(*events);
  REQUIRE(expired.size() == 1);
  CHECK_FALSE(expired[0].hard);
  kernel.count(sa.id(), 1500, 3);
  CHECK(taken<Expire>(*events).empty());
  kernel.count(sa.id(), 0, 47);
  expired = taken<Expire>(*events);
  REQUIRE(expired.size() == 1);
  CHECK(expired[0].hard);
  CHECK(expired[0].current.bytes == 1500);
  CHECK(kernel.sa_count() == 0);
}

TEST_CASE("an inbound packet must have come through what its policy asks for") {
  FakeKernel kernel;
  const Flow reply{ip("10.1.0.2"), ip("10.1.0.1"), IpProtocol::tcp, 23, 1500};
  auto policy = secure();
  policy.direction = PolicyDirection::in;
  policy.selector = KernelSelector{prefix("10.1.0.2"), prefix("10.1.0.1"), IpProtocol::tcp, PortMask::one(23), {}};
  REQUIRE(kernel.add_policy(policy));
  auto sa = esp(0x1000);
  std::swap(sa.source, sa.destination);
  REQUIRE(kernel.add_sa(sa));
  auto other = esp(0x1001, 99);
  std::swap(other.source, other.destination);
  REQUIRE(kernel.add_sa(other));
  CHECK(*kernel.accepts(reply, {sa.id()}));
  CHECK_FALSE(*kernel.accepts(reply, {}));
  CHECK_FALSE(*kernel.accepts(reply, {other.id()}));
  const Flow foreign{ip("10.1.0.3"), ip("10.1.0.1"), IpProtocol::tcp, 23, 1500};
  CHECK(*kernel.accepts(foreign, {}));
  REQUIRE(kernel.set_default({PolicyAction::block, std::nullopt, std::nullopt}));
  CHECK_FALSE(*kernel.accepts(foreign, {}));
  CHECK(kernel.send(foreign)->outcome == FakeKernel::Outcome::clear);  // the other directions are as they were
}

TEST_CASE("an injected failure hits the operation it is meant for, and once") {
  FakeKernel kernel;
  kernel.fail_next({ErrorCode::refused, "no memory"}, 1);
  const std::array policies{secure(), any(PolicyAction::allow, 5), any(PolicyAction::block, 6)};
  auto wanted = std::vector(policies.begin(), policies.end());
  wanted[2].owner = 2;
  const auto failures = kernel.add_policies(wanted);
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].position == 1);
  CHECK(failures[0].error.code == ErrorCode::refused);
  CHECK(kernel.policies().size() == 2);
}

TEST_CASE("what others do is told with another sender, and lost events are told as lost") {
  FakeKernel kernel;
  const auto events = listen(kernel);
  REQUIRE(kernel.add_policy(secure()));
  kernel.delete_foreign(secure().key());
  const auto changes = taken<PolicyChanged>(*events);
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].sender == kernel.port());
  CHECK(changes[1].sender == FakeKernel::foreign_port);
  CHECK(changes[1].change == Change::deleted);
  kernel.add_foreign(secure());
  kernel.lose_events();
  const auto rest = events->read_events();
  REQUIRE(rest);
  REQUIRE(rest->size() == 1);
  CHECK(std::holds_alternative<MonitorOverrun>(rest->front()));
}
