#include "forwarding.hpp"

#include <catch2/catch.hpp>

#include "../policy/policies.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
const auto by_udp = IpProtocol::udp;
const auto through = flow("10.1.0.1", 40000, "10.2.0.1", 9001, by_udp);
const auto back = flow("10.2.0.1", 9001, "10.1.0.1", 40000, by_udp);

struct Gateway {
  Configuration configuration;
  Gateway(Decision fallback = Decision::pass) { configuration.default_action = fallback; }
  void tunnel() {
    add(configuration, {.local = "10.1.0.0/24", .remote = "10.2.0.0/24"}, Decision::secure).tunnel =
        TunnelEnds{address("192.0.2.1"), address("192.0.2.2")};
  }
  // "in p1", "out default", or "passes".
  std::string fate(const Flow& packet, bool tunnels) const {
    const Matcher matcher(configuration);
    const auto stop = stopped_on_the_way(matcher, packet, tunnels);
    return !stop ? "passes" : (stop->at == Direction::in ? "in " : "out ") + stop->match.name();
  }
};
}  // namespace

TEST_CASE("what is forwarded is discarded as it leaves where nothing is tunnelled") {
  Gateway gateway;
  CHECK(gateway.fate(through, false) == "passes");
  add(gateway.configuration, {.local = "10.1.0.0/24", .remote = "10.2.0.0/24", .protocol = by_udp}, Decision::discard);
  CHECK(gateway.fate(through, false) == "out p1");
  CHECK(gateway.fate(back, false) == "passes");  // the policy stands in `in` only, not in `forward`
  CHECK(gateway.fate(flow("10.1.0.1", 40000, "10.2.0.1", 9001), false) == "passes");
}

TEST_CASE("beside tunnels what is forwarded meets the policies of both directions, inbound first") {
  Gateway gateway;
  add(gateway.configuration, {.local = "10.1.0.0/24", .remote = "10.2.0.0/24", .protocol = by_udp}, Decision::discard);
  gateway.tunnel();
  CHECK(gateway.fate(through, true) == "out p1");
  CHECK(gateway.fate(back, true) == "in p1");
  CHECK(gateway.fate(flow("10.1.0.1", 40000, "10.2.0.1", 9001), true) == "passes");
}

TEST_CASE("the default discards what comes, but for what leaves through a tunnel") {
  Gateway gateway(Decision::discard);
  CHECK(gateway.fate(through, false) == "in default");
  gateway.tunnel();
  CHECK(gateway.fate(through, true) == "passes");
  CHECK(gateway.fate(flow("10.1.0.1", 1, "10.3.0.1", 2, by_udp), true) == "in default");
}
