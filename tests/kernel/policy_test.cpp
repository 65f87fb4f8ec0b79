#include <cerrno>

#include "host.hpp"
#include "xfrm/request.hpp"

using namespace ipsec9000;

namespace {

PolicySpec host_policy(std::uint32_t number, PolicyDirection direction = PolicyDirection::out) {
  const std::array<std::uint8_t, 4> remote{10, static_cast<std::uint8_t>(number >> 16),
                                           static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
  PolicySpec policy{{prefix("10.9.0.1"), Prefix(*IpAddress::from_bytes(remote)), {}, {}, {}}};
  policy.direction = direction;
  policy.priority = 4096 + number;
  policy.owner = 0x49504331;
  policy.templates = {{SaProtocol::esp, Mode::transport, number + 1}};
  return policy;
}

PolicySpec block(std::string_view destination) {
  PolicySpec policy{{Prefix::any(Family::ipv4), prefix(destination), {}, {}, {}}};
  policy.action = PolicyAction::block;
  policy.priority = 7;
  return policy;
}

}  // namespace

TEST_CASE("the kernel gives policies back as they were written") {
  const Host host;
  const auto kernel = open_kernel();
  std::vector<PolicySpec> written{host_policy(1), host_policy(1, PolicyDirection::in)};
  PolicySpec tunnel{
      {prefix("10.5.0.0/16"), prefix("10.6.0.0/16"), IpProtocol::tcp, {0x400, 0xfc00}, PortMask::one(23)}};
  tunnel.direction = PolicyDirection::forward;
  tunnel.priority = 99;
  tunnel.templates = {{SaProtocol::esp, Mode::tunnel, 9, TunnelEndpoints{ip("fd00::2"), ip("fd00::1")}, true},
                      {SaProtocol::ah, Mode::transport, 10}};
  tunnel.mark = Mark{5, 0xff};
  tunnel.match_icmp_errors = true;
  written.push_back(tunnel);
  PolicySpec neighbour{KernelSelector::any(Family::ipv6)};
  neighbour.selector.protocol = IpProtocol::icmpv6;
  neighbour.selector.source_port = PortMask::one(133);
  written.push_back(neighbour);
  written.push_back(block("10.8.0.0/16"));
  CHECK(kernel->add_policies(written).empty());

  auto dumped = kernel->dump_policies();
  REQUIRE(dumped);
  std::vector<PolicySpec> read;
  for (const auto& state : *dumped) read.push_back(state.spec);
  std::sort(read.begin(), read.end());
  std::sort(written.begin(), written.end());
  CHECK(read == written);
  for (const auto& state : *dumped) {
    CHECK((state.index & 7) == static_cast<unsigned>(state.spec.direction));
    const auto one = kernel->get_policy(state.spec.key());
    REQUIRE(one);
    CHECK(one->index == state.index);
    CHECK(kernel->delete_policy(state.handle()));
  }
  CHECK(kernel->dump_policies()->empty());
}

TEST_CASE("adding is exclusive, updating keeps the index or creates, deleting what is not there is said") {
  const Host host;
  const auto kernel = open_kernel();
  auto policy = host_policy(1);
  REQUIRE(kernel->add_policy(policy));
  const auto again = kernel->add_policy(policy);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::already_exists);
  CHECK(again.error().text.find("adding policy out 10.9.0.1 -> 10.0.0.1 any") == 0);
  CHECK(again.error().text.find("File exists") != std::string::npos);

  const auto index = kernel->get_policy(policy.key())->index;
  policy.priority = 5;
  policy.action = PolicyAction::block;
  REQUIRE(kernel->update_policy(policy));
  const auto updated = kernel->get_policy(policy.key());
  CHECK(updated->spec == policy);
  CHECK(updated->index == index);
  REQUIRE(kernel->update_policy(host_policy(2)));
  CHECK(kernel->dump_policies()->size() == 2);

  REQUIRE(kernel->delete_policy(policy.key()));
  CHECK(kernel->delete_policy(policy.key()).error().code == ErrorCode::not_found);
  CHECK(kernel->delete_policy(PolicyHandle{PolicyDirection::out, index}).error().code == ErrorCode::not_found);
}

TEST_CASE("in a batch each refusal names its own policy, and the others are done") {
  const Host host;
  const auto kernel = open_kernel();
  std::vector<PolicySpec> batch;
  for (std::uint32_t i = 0; i < 1000; ++i) batch.push_back(host_policy(i));
  batch[300] = batch[200];
  batch[700].selector.source = prefix("fd00::1");  // stopped before it is sent
  const auto failures = kernel->add_policies(batch);
  REQUIRE(failures.size() == 2);
  CHECK(failures[0].position == 300);
  CHECK(failures[0].error.code == ErrorCode::already_exists);
  CHECK(failures[0].error.text.find("10.0.0.200") != std::string::npos);
  CHECK(failures[1].position == 700);
  CHECK(failures[1].error.code == ErrorCode::invalid_input);
  CHECK(kernel->dump_policies()->size() == 998);
}

TEST_CASE("a table of many is dumped whole, and deleted by index") {
  const Host host;
  const auto kernel = open_kernel();
  std::vector<PolicySpec> batch;
  for (std::uint32_t i = 0; i < 20'000; ++i) batch.push_back(host_policy(i));
  REQUIRE(kernel->add_policies(batch).empty());
  CHECK(kernel->dump_policies()->size() == batch.size());
  CHECK(kernel->spd_info()->out == batch.size());
  REQUIRE(kernel->update_policies(batch).empty());
  std::vector<PolicyHandle> handles;
  const auto dumped = kernel->dump_policies();
  for (const auto& state : *dumped) handles.push_back(state.handle());
  REQUIRE(kernel->delete_policies(handles).empty());
  CHECK(kernel->spd_info()->out == 0);
}

TEST_CASE("what no policy matches is blocked by default, but not what a socket is exempt for") {
  const Host host;
  const auto kernel = open_kernel();
  const auto plain = udp_socket("10.9.0.1", 1000);
  const auto ike = udp_socket("10.9.0.1", 500);
  const auto ike6 = udp_socket("fd00::1", 500);
  CHECK(send_packet(plain, "10.9.0.2", 500) == 0);
  REQUIRE(kernel->set_default({std::nullopt, std::nullopt, PolicyAction::block}));
  CHECK(kernel->get_default()->out == PolicyAction::block);
  CHECK(kernel->get_default()->in == PolicyAction::allow);
  CHECK(send_packet(plain, "10.9.0.2", 500) == EPERM);
  CHECK(send_packet(ike6, "fd00::2", 500) == EPERM);
  REQUIRE(kernel->set_socket_bypass(ike.get(), Family::ipv4));
  REQUIRE(kernel->set_socket_bypass(ike6.get(), Family::ipv6));
  CHECK(send_packet(ike, "10.9.0.2", 500) == 0);
  CHECK(send_packet(ike6, "fd00::2", 500) == 0);
  REQUIRE(kernel->add_policy(block("10.9.0.2")));
  CHECK(send_packet(ike, "10.9.0.2", 500) == 0);
  CHECK(kernel->spd_info()->socket_out == 2);
  // They are in the dump, and cannot be taken for policies of the host.
  std::size_t of_sockets = 0;
  const auto dumped = kernel->dump_policies();
  for (const auto& state : *dumped) of_sockets += state.spec.direction > PolicyDirection::forward ? 1 : 0;
  CHECK(of_sockets == 4);
  CHECK(kernel->set_default({PolicyAction::block, PolicyAction::block, PolicyAction::allow}));
  CHECK(*kernel->get_default() == DefaultActions{PolicyAction::block, PolicyAction::block, PolicyAction::allow});
}

TEST_CASE("exempting a socket of the wrong kind fails with words") {
  const Host host;
  const auto socket = udp_socket("10.9.0.1", 500);
  const auto failed = open_kernel()->set_socket_bypass(socket.get(), Family::ipv6);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().text.find("IPv6") != std::string::npos);
  CHECK_FALSE(open_kernel()->set_socket_bypass(-1, Family::ipv4));
  CHECK_FALSE(open_kernel()->enable_udp_encapsulation(-1));
  CHECK(open_kernel()->enable_udp_encapsulation(socket.get()));
}

TEST_CASE("hash thresholds are set for one family and kept for the other") {
  const Host host;
  const auto kernel = open_kernel();
  REQUIRE(kernel->set_hash_thresholds({HashThreshold{8, 24}, std::nullopt}));
  const auto info = kernel->spd_info();
  REQUIRE(info);
  CHECK(info->thresholds == HashThresholds{HashThreshold{8, 24}, HashThreshold{128, 128}});
  const auto refused = kernel->set_hash_thresholds({HashThreshold{33, 24}, std::nullopt});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("hash thresholds") != std::string::npos);
}

TEST_CASE("changes of policies are heard, and ours told from those of others") {
  const Host host;
  const auto kernel = open_kernel();
  const auto events = listen(*kernel, {EventGroup::policy});
  REQUIRE(kernel->add_policy(block("10.8.0.0/16")));
  auto changes = wait_for<PolicyChanged>(*events);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].change == Change::added);
  CHECK(changes[0].sender == kernel->port());
  CHECK(changes[0].policy.spec == block("10.8.0.0/16"));

  run("ip xfrm policy update dir out src 0.0.0.0/0 dst 10.8.0.0/16 priority 9");
  changes = wait_for<PolicyChanged>(*events);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].change == Change::updated);
  CHECK(changes[0].sender != kernel->port());

  REQUIRE(kernel->delete_policy(changes[0].policy.handle()));
  changes = wait_for<PolicyChanged>(*events);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].change == Change::deleted);
  CHECK(changes[0].policy.spec.priority == 9);

  REQUIRE(kernel->add_policy(block("10.8.0.0/16")));
  run("ip xfrm policy flush");
  const auto flushed = wait_for<Flushed>(*events);
  REQUIRE(flushed.size() == 1);
  CHECK(flushed[0].policies);
  CHECK(flushed[0].sender != kernel->port());
  CHECK(kernel->dump_policies()->empty());
}

TEST_CASE("events that the buffer could not take are told as lost") {
  const Host host;
  const auto kernel = open_kernel();
  const auto events = listen(*kernel, {EventGroup::policy});
  shrink_receive_buffer(*events);
  std::vector<PolicySpec> batch;
  for (std::uint32_t i = 0; i < 500; ++i) batch.push_back(host_policy(i));
  REQUIRE(kernel->add_policies(batch).empty());
  CHECK(wait_for<MonitorOverrun>(*events).size() == 1);
}
