#include <algorithm>

#include "base/packet.hpp"
#include "host.hpp"
#include "trace/packet_source.hpp"

using namespace ipsec9000;

namespace {
// The packets between the two hosts that come within a moment, as text.
std::vector<std::string> seen(PacketSource& source) {
  std::vector<std::string> flows;
  for (int n = 0; n < 10; ++n) {
    wait_readable(source.fd(), std::chrono::milliseconds(50));
    for (const auto& packet : source.read()) {
      CHECK(packet.at == TracedAt::in_clear);
      CHECK(packet.bytes.size() <= 160);
      if (const auto flow = flow_of_packet(packet.bytes); flow && flow->protocol == IpProtocol::udp)
        flows.push_back(flow->to_string());
    }
  }
  std::sort(flows.begin(), flows.end());
  return flows;
}
}  // namespace

TEST_CASE("packets in clear between given addresses are shown, whichever way the kernel has, and no others") {
  const Host host;
  const auto other = host.connected_host();
  const auto from = udp_socket("10.9.0.2", 4000);
  const auto from6 = udp_socket("fd00::2", 4000);
  run("ip addr add 10.9.0.130/24 dev wire");
  const auto from_elsewhere = udp_socket("10.9.0.130", 4000);
  host.enter();
  const std::vector<TunnelPath> paths{{prefix("10.9.0.0/25"), prefix("10.9.0.1")},
                                      {prefix("fd00::/64"), prefix("fd00::1")}};
  auto source = PacketSource::open_clear(paths);
  REQUIRE(source);
  CHECK(send_packet(from, "10.9.0.1", 77, 1000) == 0);
  CHECK(send_packet(from, "10.9.0.1", 500) == 0);  // IKE
  CHECK(send_packet(from_elsewhere, "10.9.0.1", 77) == 0);
  CHECK(send_packet(from6, "fd00::1", 77) == 0);
  CHECK(seen(**source) ==
        std::vector<std::string>{"10.9.0.2:4000 -> 10.9.0.1:77 udp", "[fd00::2]:4000 -> [fd00::1]:77 udp"});
  source->reset();
  auto again = PacketSource::open_clear(std::vector<TunnelPath>(PacketSource::most_paths, paths[0]));
  REQUIRE(again);  // the rules of before are gone, and as many fit in as are allowed
  CHECK_FALSE(PacketSource::open_clear(std::vector<TunnelPath>(PacketSource::most_paths + 1, paths[0])));
}
