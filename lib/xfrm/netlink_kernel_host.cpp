// What NetlinkKernel asks of the host by other ways than a netlink request: socket options, the kernel's release, and
// the probe.
#include <arpa/inet.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <array>
#include <cerrno>

#include "xfrm/abi.hpp"
#include "xfrm/kernel.hpp"

namespace ipsec9000 {

Result<void> NetlinkKernel::set_socket_bypass(int fd, Family family) {
  const bool ipv4 = family == Family::ipv4;
  for (const auto direction : {PolicyDirection::in, PolicyDirection::out}) {
    PolicySpec allow;
    allow.selector = KernelSelector::any(family);
    allow.direction = direction;
    const auto info = abi::policy_info(allow);
    if (::setsockopt(fd, ipv4 ? IPPROTO_IP : IPPROTO_IPV6, ipv4 ? IP_XFRM_POLICY : IPV6_XFRM_POLICY, &info,
                     sizeof info) != 0)
      return system_error("exempting an " + std::string(ipv4 ? "IPv4" : "IPv6") + " socket from IPsec policies, " +
                          to_string(direction));
  }
  return {};
}

Result<void> NetlinkKernel::enable_udp_encapsulation(int fd) {
  const int type = UDP_ENCAP_ESPINUDP;
  if (::setsockopt(fd, IPPROTO_UDP, UDP_ENCAP, &type, sizeof type) != 0)
    return system_error("having the kernel take ESP out of UDP");
  return {};
}

namespace {

// An SA that no packet uses: loopback is exempt from IPsec, and the selector is a single UDP flow there.
SaSpec trial(SaProtocol protocol) {
  const auto loopback = *IpAddress::from_bytes(std::array<std::uint8_t, 4>{127, 0, 0, 1});
  SaSpec sa;
  sa.source = sa.destination = loopback;
  sa.spi = Spi{0xfe};  // reserved by RFC 4303, 2.1, so nobody negotiates it
  sa.protocol = protocol;
  sa.selector = KernelSelector::of({loopback, loopback, IpProtocol::udp, 9, 9});
  sa.hard.seconds = 10;  // should we die in between
  const Bytes key(32, 0x5a);
  if (protocol == SaProtocol::esp) sa.encryption = SaEncryption{"cbc(aes)", Secret(ByteView(key).first(16)), 0};
  sa.authentication = SaAuthentication{"hmac(sha256)", Secret(key), 128};
  return sa;
}

bool try_protocol(Kernel& kernel, SaProtocol protocol, std::vector<std::string>& problems) {
  const auto sa = trial(protocol);
  const auto added = kernel.add_sa(sa);
  // Somebody else's probe at the same moment proves as much.
  if (!added && added.error().code == ErrorCode::already_exists) return true;
  if (!added) {
    problems.push_back("no SA with " + to_string(protocol) + ": " + added.error().text);
    return false;
  }
  if (const auto removed = kernel.delete_sa(sa.id()); !removed && removed.error().code != ErrorCode::not_found)
    problems.push_back("the SA that was added to try the kernel is still there: " + removed.error().text);
  return true;
}

}  // namespace

Result<Capabilities> NetlinkKernel::probe() {
  Capabilities found;
  utsname names{};
  if (::uname(&names) != 0) return system_error("asking for the kernel's release");
  found.release = names.release;
  const auto info = spd_info();
  found.policies = info.has_value();
  if (!info) found.problems.push_back("no policies: " + info.error().text);
  const auto actions = get_default();
  found.default_actions = actions.has_value();
  if (!actions) found.problems.push_back("no default actions: " + actions.error().text);
  found.esp = try_protocol(*this, SaProtocol::esp, found.problems);
  found.ah = try_protocol(*this, SaProtocol::ah, found.problems);
  return found;
}

Result<void> drop_larval(Kernel& kernel, const Acquire& acquire) {
  SpiRequest request{acquire.source, acquire.destination, acquire.protocol};
  if (acquire.wanted < acquire.policy.spec.templates.size()) {
    const auto& layer = acquire.policy.spec.templates[acquire.wanted];
    request.mode = layer.mode;
    request.reqid = layer.reqid;
  }
  request.acquire_sequence = acquire.sequence;
  const auto spi = kernel.allocate_spi(request);
  if (!spi) return spi.error();
  return kernel.delete_sa({acquire.destination, *spi, acquire.protocol, acquire.policy.spec.mark});
}

}  // namespace ipsec9000
