#include <cerrno>

#include "host.hpp"

using namespace ipsec9000;
using std::chrono::milliseconds;

namespace {

constexpr const char* acquire_expires = "/proc/sys/net/core/xfrm_acq_expires";

PolicySpec nested(std::string_view destination) {
  PolicySpec policy{{prefix("10.9.0.1"), prefix(destination), IpProtocol::udp, {}, {}}};
  policy.priority = 4096;
  policy.owner = 0x49504331;
  policy.templates = {{SaProtocol::esp, Mode::transport, 7}, {SaProtocol::ah, Mode::transport, 8}};
  return policy;
}

Flow flow(std::uint16_t source_port) { return {ip("10.9.0.1"), ip("10.9.0.2"), IpProtocol::udp, source_port, 23}; }

}  // namespace

TEST_CASE("a packet without an SA is dropped and asks for one, once") {
  const Host host;
  const auto kernel = open_kernel();
  const auto events = listen(*kernel, {EventGroup::acquire});
  REQUIRE(kernel->add_policy(nested("10.9.0.0/24")));
  const auto first = udp_socket("10.9.0.1", 1024);
  const auto second = udp_socket("10.9.0.1", 1025);
  CHECK(send_packet(first, "10.9.0.2", 23) == 0);
  const auto asked = wait_for<Acquire>(*events);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].flow == flow(1024));
  CHECK(asked[0].source == ip("10.9.0.1"));
  CHECK(asked[0].destination == ip("10.9.0.2"));
  CHECK(asked[0].protocol == SaProtocol::esp);
  CHECK(asked[0].wanted == 0);
  CHECK(asked[0].policy.spec == nested("10.9.0.0/24"));
  CHECK(asked[0].policy.index == kernel->get_policy(nested("10.9.0.0/24").key())->index);

  const auto larvals = kernel->dump_sas(Keys::leave_out);
  REQUIRE(larvals);
  REQUIRE(larvals->size() == 1);
  CHECK(larvals->front().condition == SaCondition::larval);
  CHECK(larvals->front().spec.spi == Spi{0});
  CHECK(larvals->front().sequence == asked[0].sequence);
  CHECK(larvals->front().spec.selector == KernelSelector::of(flow(1024)));
  CHECK(send_packet(second, "10.9.0.2", 23) == 0);
  CHECK(wait_for<Acquire>(*events, milliseconds(200)).empty());
}

TEST_CASE("an acquire for a tunnel names the tunnel's ends, in their own family") {
  const Host host;
  const auto kernel = open_kernel();
  const auto events = listen(*kernel, {EventGroup::acquire});
  auto policy = nested("10.9.0.0/24");
  policy.templates = {{SaProtocol::esp, Mode::tunnel, 9, TunnelEndpoints{ip("fd00::1"), ip("fd00::2")}}};
  REQUIRE(kernel->add_policy(policy));
  CHECK(send_packet(udp_socket("10.9.0.1", 1024), "10.9.0.2", 23) == 0);
  const auto asked = wait_for<Acquire>(*events);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].source == ip("fd00::1"));
  CHECK(asked[0].destination == ip("fd00::2"));
  CHECK(asked[0].flow == flow(1024));
}

TEST_CASE("IPv6 packets ask as well") {
  const Host host;
  const auto kernel = open_kernel();
  const auto events = listen(*kernel, {EventGroup::acquire});
  PolicySpec policy{{prefix("fd00::1"), prefix("fd00::2"), {}, {}, {}}};
  policy.templates = {{SaProtocol::ah, Mode::transport, 9}};
  REQUIRE(kernel->add_policy(policy));
  send_packet(udp_socket("fd00::1", 1024), "fd00::2", 23);
  const auto asked = wait_for<Acquire>(*events);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].flow == Flow{ip("fd00::1"), ip("fd00::2"), IpProtocol::udp, 1024, 23});
  CHECK(asked[0].protocol == SaProtocol::ah);
  CHECK(asked[0].destination == ip("fd00::2"));
}

TEST_CASE("an acquire that nobody answers expires, and traffic that goes on asks again") {
  const Host host;
  write_setting(acquire_expires, "1");
  const auto kernel = open_kernel();
  const auto events = listen(*kernel, {EventGroup::acquire, EventGroup::expire});
  REQUIRE(kernel->add_policy(nested("10.9.0.2")));
  const auto socket = udp_socket("10.9.0.1", 1024);
  send_packet(socket, "10.9.0.2", 23);
  const auto asked = wait_for<Acquire>(*events);
  REQUIRE(asked.size() == 1);
  const auto expired = wait_for<Expire>(*events, milliseconds(5000));
  REQUIRE(expired.size() == 1);
  CHECK(expired[0].hard);
  CHECK(expired[0].sa.spi == Spi{0});
  CHECK(expired[0].sequence == asked[0].sequence);
  send_packet(socket, "10.9.0.2", 23);
  CHECK(wait_for<Acquire>(*events).size() == 1);
}

TEST_CASE("dropping the larval SA lets the next flow ask at once") {
  const Host host;
  const auto kernel = open_kernel();
  const auto events = listen(*kernel, {EventGroup::acquire});
  REQUIRE(kernel->add_policy(nested("10.9.0.2")));
  send_packet(udp_socket("10.9.0.1", 1024), "10.9.0.2", 23);
  const auto asked = wait_for<Acquire>(*events);
  REQUIRE(asked.size() == 1);
  REQUIRE(drop_larval(*kernel, asked[0]));
  CHECK(kernel->sad_info()->states == 0);
  send_packet(udp_socket("10.9.0.1", 1025), "10.9.0.2", 23);
  const auto next = wait_for<Acquire>(*events);
  REQUIRE(next.size() == 1);
  CHECK(next[0].flow == flow(1025));
}

TEST_CASE("an SPI of the range is given, takes the larval SA over, and is not given twice") {
  const Host host;
  const auto kernel = open_kernel();
  SpiRequest request{ip("10.9.0.2"), ip("10.9.0.1"), SaProtocol::esp};
  request.reqid = 7;
  request.first = request.last = Spi{0xc0de0000};
  const auto spi = kernel->allocate_spi(request);
  REQUIRE(spi);
  CHECK(*spi == Spi{0xc0de0000});
  const auto larval = kernel->get_sa({ip("10.9.0.1"), *spi, SaProtocol::esp}, Keys::leave_out);
  REQUIRE(larval);
  CHECK(larval->condition == SaCondition::larval);
  CHECK(larval->spec.reqid == 7);
  const auto taken = kernel->allocate_spi(request);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().text.find("choosing an SPI for esp from 10.9.0.2 to 10.9.0.1") == 0);
  request.last = Spi{0xc0deffff};
  const auto other = kernel->allocate_spi(request);
  REQUIRE(other);
  CHECK(*other > Spi{0xc0de0000});
  REQUIRE(kernel->delete_sa({ip("10.9.0.1"), *spi, SaProtocol::esp}));
  CHECK(kernel->delete_sa({ip("10.9.0.1"), *spi, SaProtocol::esp}).error().code == ErrorCode::not_found);
  CHECK(kernel->get_sa({ip("10.9.0.1"), *spi, SaProtocol::esp}, Keys::leave_out).error().code == ErrorCode::not_found);
}

TEST_CASE("acquires beyond the buffer are told as lost and leave no larval SA behind") {
  const Host host;
  const auto kernel = open_kernel();
  const auto events = listen(*kernel, {EventGroup::acquire});
  shrink_receive_buffer(*events);
  REQUIRE(kernel->add_policy(nested("10.9.0.0/24")));
  run("for i in $(seq 10 60); do echo neigh replace 10.9.0.$i lladdr 02:00:00:00:00:02 dev wire nud permanent; done | "
      "ip -batch -");
  const auto socket = udp_socket("10.9.0.1", 1024);
  for (int i = 10; i <= 60; ++i) send_packet(socket, "10.9.0." + std::to_string(i), 23);
  std::size_t delivered = 0;
  std::size_t lost = 0;
  const auto arrived = events->read_events();
  REQUIRE(arrived);
  for (const auto& event : *arrived) {
    delivered += std::holds_alternative<Acquire>(event) ? 1 : 0;
    lost += std::holds_alternative<MonitorOverrun>(event) ? 1 : 0;
  }
  CHECK(lost >= 1);
  CHECK(delivered >= 1);
  CHECK(kernel->sad_info()->states == delivered);
}
