#include "xfrm/links.hpp"

#include <algorithm>

#include "host.hpp"

using namespace ipsec9000;

TEST_CASE("the host's addresses are listed with their interfaces") {
  const Host host;
  run("ip link add idle type veth peer name idle2 && ip addr add 10.7.0.1/30 dev idle");
  const auto all = local_addresses();
  REQUIRE(all);
  const auto has = [&](const LocalAddress& wanted) {
    return std::find(all->begin(), all->end(), wanted) != all->end();
  };
  CHECK(has({ip("127.0.0.1"), 8, "lo", true}));
  CHECK(has({ip("::1"), 128, "lo", true}));
  CHECK(has({ip("10.9.0.1"), 24, "wire", true}));
  CHECK(has({ip("fd00::1"), 64, "wire", true}));
  CHECK(has({ip("10.7.0.1"), 30, "idle", false}));
  CHECK(std::is_sorted(all->begin(), all->end()));
}

TEST_CASE("the address toward a peer follows the routes, and asks no policy") {
  const Host host;
  run("ip addr add 10.9.0.77/24 dev wire && ip route add 10.20.0.0/16 via 10.9.0.2 src 10.9.0.77");
  const auto kernel = open_kernel();
  REQUIRE(kernel->set_default({std::nullopt, std::nullopt, PolicyAction::block}));
  CHECK(*source_address_for(ip("10.9.0.2")) == ip("10.9.0.1"));
  CHECK(*source_address_for(ip("10.20.1.1")) == ip("10.9.0.77"));
  CHECK(*source_address_for(ip("fd00::2")) == ip("fd00::1"));
  CHECK(*source_address_for(ip("127.0.0.1")) == ip("127.0.0.1"));
  for (const char* unreachable : {"192.0.2.1", "2001:db8::1"}) {
    const auto none = source_address_for(ip(unreachable));
    REQUIRE_FALSE(none);
    CHECK(none.error().code == ErrorCode::not_found);
    CHECK(none.error().text.find(unreachable) != std::string::npos);
  }
}

TEST_CASE("news of interfaces and addresses arrive, and only then") {
  const Host host;
  auto monitor = LinkMonitor::open();
  REQUIRE(monitor);
  CHECK_FALSE(*monitor->take_news());
  for (const char* change : {"ip addr add 10.7.0.1/30 dev wire", "ip addr del 10.7.0.1/30 dev wire",
                             "ip -6 addr add fd01::1/64 dev wire nodad", "ip link set dev wire down"}) {
    CAPTURE(change);
    run(change);
    wait_readable(monitor->fd(), std::chrono::milliseconds(2000));
    CHECK(*monitor->take_news());
    CHECK_FALSE(*monitor->take_news());
  }
}
