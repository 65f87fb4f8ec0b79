// The live flows of policy.cache.
#include "cache_list.hpp"

#include "policy/policy_json.hpp"
#include "service_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
const Flow pages = flow("10.1.0.1", 40000, "10.1.0.2", 80);
const Flow broadcast = flow("10.1.0.1", 4000, "10.1.0.255", 7777, IpProtocol::sctp);
const Flow names = flow("10.1.0.1", 4000, "10.9.0.2", 53, IpProtocol::udp);

SaState sa(std::uint32_t reqid, const Flow& of, Spi spi, bool narrow) {
  SaState state;
  state.spec.source = of.source;
  state.spec.destination = of.destination;
  state.spec.spi = spi;
  state.spec.reqid = reqid;
  if (narrow) state.spec.selector = KernelSelector::of(of);
  return state;
}
}  // namespace

TEST_CASE("each flow is listed once in each direction, whoever has seen it; loopback is not") {
  ServiceFixture host(telnet_secured + "," + no_udp);
  const auto here = *IpAddress::parse("10.1.0.1");
  const Flow inside = flow("127.0.0.1", 1, "127.0.0.1", 2);
  const auto back = flow("10.1.0.2", 80, "10.1.0.1", 40000);
  const auto all = live_flows(host.service->set(), {pages, inside}, {pages, back}, {pages, broadcast, names},
                              {pages, telnet_out}, {here});
  REQUIRE(all.size() == 4);  // what a policy discards is listed elsewhere
  CHECK(all[0].flow == pages);
  CHECK(all[0].direction == Direction::out);
  CHECK(all[1].flow == back);
  CHECK(all[1].direction == Direction::in);
  CHECK(all[2].flow == broadcast);
  CHECK(all[2].seen_by == "send");
  CHECK(all[3].flow == telnet_out);
  CHECK(all[3].seen_by == "request");
}

TEST_CASE("a flow shows its decision, its policy's cookie and the SAs that carry it") {
  ServiceFixture host(telnet_secured + "," + no_udp);
  const auto& set = host.service->set();
  const auto reqid = set.keying.reqid_of(0);
  const auto other = flow("10.1.0.1", 40001, "10.1.0.2", 23);
  std::vector<SaState> all;
  all.push_back(sa(reqid, other, Spi{0x300}, true));
  all.push_back(sa(reqid + 1, telnet_out, Spi{0x400}, false));
  all.push_back(sa(reqid, telnet_out, Spi{0x500}, true));
  const SaFinder sas(std::move(all));
  auto item = flow_item({telnet_out, Direction::out, "socket"}, set, sas);
  CHECK(item["action"] == "secure");
  CHECK(item["policy"] == "telnet");
  CHECK(item["cookie"] == 2);
  REQUIRE(item["sas"].size() == 1);
  CHECK(item["sas"][0]["spi"] == "00000500");
  CHECK(item["sas"][0]["state"] == "created");
  item = flow_item({telnet_out, Direction::out, "request"}, set, SaFinder({}));
  CHECK(item["sas"][0]["state"] == "requested");
  item = flow_item({names, Direction::out, "socket"}, set, sas);
  CHECK(item["action"] == "discard");
  CHECK(item["policy"] == "no_udp");
  item = flow_item({pages, Direction::out, "socket"}, set, sas);
  CHECK(item["action"] == "pass");
  CHECK(item["policy"] == "default");
  CHECK(item["cookie"] == 1);
  CHECK(item["sas"].empty());
}

TEST_CASE("what was dropped is shown with its policy, as long as that is the one at its place") {
  ServiceFixture host(telnet_secured + "," + no_udp);
  const auto& set = host.service->set();
  RecentDiscards::Entry entry{
      {KernelSelector::of(names), Direction::out, "no_udp", 2, Decision::discard, true}, 3, TimePoint{}};
  auto item = discard_item(entry, set, 12);
  CHECK(item["kind"] == "discard");
  CHECK(item["seen_by"] == "policy");
  CHECK(item["cookie"] == cookie_of_place(2));
  CHECK(item["destination"] == "10.9.0.2");
  CHECK(item["destination_port"] == 53);
  CHECK(item["protocol"] == "udp");
  CHECK(item["count"] == 3);
  CHECK(item["idle"] == 12);
  entry.seen.by_filter = false;
  CHECK(discard_item(entry, set, 12)["seen_by"] == "packet");
  entry.seen.policy = "gone";
  CHECK(discard_item(entry, set, 12)["cookie"] == 0);
  entry.seen.policy = "default";
  entry.seen.place = 0;
  CHECK(discard_item(entry, set, 12)["cookie"] == cookie_of_place(0));
}

TEST_CASE("what the kernel asked SAs for is among the flows, and the sources are told") {
  ServiceFixture host;
  REQUIRE(host.service->start());
  REQUIRE(host.kernel->send(telnet_out));
  run_for(host.loop, Duration(20));
  bool found = false;
  Json params = Json::object();
  for (int page = 0; page < 1000; ++page) {
    const auto answer = host.result("policy.cache", params);
    for (const auto& item : answer["items"])
      found = found || (item["kind"] == "flow" && item["seen_by"] == "request" && item["destination_port"] == 23);
    if (answer["next"].is_null()) break;
    params["cursor"] = answer["next"];
  }
  CHECK(found);
  const auto sources = host.result("policy.cache_sources")["items"];
  REQUIRE(sources.size() == 6);
  CHECK(sources[0]["source"] == "sockets");
}
