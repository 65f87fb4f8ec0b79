#include "host_addresses.hpp"

#include "host.hpp"
#include "support/run_loop.hpp"

using namespace ipsec9000;

TEST_CASE(
    "the host's addresses are followed on the loop without being asked for, and no answer is older than its question") {
  const Host host;
  EventLoop loop;
  HostAddresses addresses;
  const auto recent = [&](const char* address) {
    return addresses.recent() != nullptr && is_among(*addresses.recent(), ip(address));
  };
  CHECK(addresses.recent() == nullptr);
  addresses.follow(loop);
  CHECK(recent("10.9.0.1"));
  CHECK_FALSE(recent("10.7.0.1"));

  run("ip addr add 10.7.0.1/30 dev wire");
  CHECK_FALSE(recent("10.7.0.1"));  // the loop has not had its turn
  CHECK(test::run_until(loop, [&] { return recent("10.7.0.1"); }));

  run("ip addr del 10.7.0.1/30 dev wire");
  CHECK_FALSE(is_among(*addresses.all(), ip("10.7.0.1")));
  CHECK_FALSE(recent("10.7.0.1"));

  run("ip addr add 10.7.0.5/30 dev wire");
  // Between the news and the moment in which it is read: whoever asks then is told all the same.
  test::run_for(loop, Duration(10));
  CHECK(is_among(*addresses.all(), ip("10.7.0.5")));
}
