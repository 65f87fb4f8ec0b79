#include "xfrm/live_flows.hpp"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <cerrno>
#include <functional>
#include <memory>

#include "base/files.hpp"
#include "base/text.hpp"
#include "xfrm/netlink_io.hpp"

namespace ipsec9000 {

namespace {
constexpr timeval answer_limit{5, 0};

struct Dump {
  const std::function<void(const nlmsghdr*)>& take;
  std::size_t left;
};

int take_one(const nlmsghdr* message, void* given) {
  auto& dump = *static_cast<Dump*>(given);
  if (dump.left == 0) return MNL_CB_STOP;
  --dump.left;
  dump.take(message);
  return MNL_CB_OK;
}

// Sends one dump request and hands over each message of the answer.
Result<void> read_dump(int bus, nlmsghdr* request, std::size_t maximum,
                       const std::function<void(const nlmsghdr*)>& take) {
  const netlink::MnlSocket socket(mnl_socket_open2(bus, SOCK_CLOEXEC));
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) return system_error("opening netlink");
  ::setsockopt(mnl_socket_get_fd(socket.get()), SOL_SOCKET, SO_RCVTIMEO, &answer_limit, sizeof answer_limit);
  if (mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0) return system_error("asking the kernel");
  Bytes buffer(netlink::buffer_size);
  Dump dump{take, maximum};
  while (true) {
    const auto size = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return system_error("reading the kernel's answer");
    const int state = mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), 0, 0, take_one, &dump);
    if (state < 0) return system_error("reading the kernel's answer");
    if (state == MNL_CB_STOP) return {};
  }
}

std::optional<IpAddress> address_from(const void* bytes, std::uint8_t family) {
  const std::size_t size = family == AF_INET ? 4 : 16;
  auto read = IpAddress::from_bytes({static_cast<const std::uint8_t*>(bytes), size});
  if (!read) return std::nullopt;
  constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const auto all = read->bytes();
  if (family == AF_INET6 && std::equal(mapped.begin(), mapped.end(), all.begin()))
    read = IpAddress::from_bytes(ByteView(all).subspan(12));
  return read ? std::optional(*read) : std::nullopt;
}

void add_socket(const nlmsghdr* message, std::uint8_t protocol, Sockets which, std::vector<Flow>& flows) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(inet_diag_msg)) return;
  const auto* socket = static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(message));
  if (which == Sockets::sending && protocol == IPPROTO_TCP && socket->idiag_wqueue == 0) return;
  const auto& id = socket->id;
  const auto family = socket->idiag_family;
  const auto source = address_from(&id.idiag_src, family);
  const auto destination = address_from(&id.idiag_dst, family);
  const auto port = ntohs(id.idiag_dport);
  if (!source || !destination || port == 0) return;  // not connected
  flows.push_back({*source, *destination, static_cast<IpProtocol>(protocol), ntohs(id.idiag_sport), port});
}

// The attributes of one nested in another, by number.
template <std::size_t count>
std::array<const nlattr*, count> attributes(const nlattr* first, std::size_t size) {
  std::array<const nlattr*, count> found{};
  auto left = static_cast<int>(size);
  for (auto* at = first; mnl_attr_ok(at, left);) {
    if (mnl_attr_get_type(at) < count) found[mnl_attr_get_type(at)] = at;
    left -= static_cast<int>(MNL_ALIGN(at->nla_len));
    at = mnl_attr_next(at);
  }
  return found;
}
template <std::size_t count>
std::array<const nlattr*, count> nested(const nlattr* parent) {
  return attributes<count>(static_cast<const nlattr*>(mnl_attr_get_payload(parent)), mnl_attr_get_payload_len(parent));
}

std::optional<IpAddress> address_of(const nlattr* four, const nlattr* six) {
  if (four != nullptr && mnl_attr_get_payload_len(four) == 4) return address_from(mnl_attr_get_payload(four), AF_INET);
  if (six != nullptr && mnl_attr_get_payload_len(six) == 16) return address_from(mnl_attr_get_payload(six), AF_INET6);
  return std::nullopt;
}

std::uint16_t number_of(const nlattr* attribute) {
  if (attribute == nullptr || mnl_attr_get_payload_len(attribute) != 2) return 0;
  return ntohs(mnl_attr_get_u16(attribute));
}

std::uint16_t small_number_of(const nlattr* attribute) {
  return attribute == nullptr || mnl_attr_get_payload_len(attribute) != 1 ? std::uint16_t{0}
                                                                          : mnl_attr_get_u8(attribute);
}

std::optional<Flow> flow_of(const nlattr* tuple) {
  const auto parts = nested<CTA_TUPLE_MAX + 1>(tuple);
  if (parts[CTA_TUPLE_IP] == nullptr || parts[CTA_TUPLE_PROTO] == nullptr) return std::nullopt;
  const auto ip = nested<CTA_IP_MAX + 1>(parts[CTA_TUPLE_IP]);
  const auto above = nested<CTA_PROTO_MAX + 1>(parts[CTA_TUPLE_PROTO]);
  const auto source = address_of(ip[CTA_IP_V4_SRC], ip[CTA_IP_V6_SRC]);
  const auto destination = address_of(ip[CTA_IP_V4_DST], ip[CTA_IP_V6_DST]);
  if (!source || !destination) return std::nullopt;
  Flow flow{*source, *destination, static_cast<IpProtocol>(small_number_of(above[CTA_PROTO_NUM])), 0, 0};
  if (is_icmp(flow.protocol)) {
    const bool four = flow.protocol == IpProtocol::icmp;
    flow.source_port = small_number_of(above[four ? CTA_PROTO_ICMP_TYPE : CTA_PROTO_ICMPV6_TYPE]);
    flow.destination_port = small_number_of(above[four ? CTA_PROTO_ICMP_CODE : CTA_PROTO_ICMPV6_CODE]);
  } else {
    flow.source_port = number_of(above[CTA_PROTO_SRC_PORT]);
    flow.destination_port = number_of(above[CTA_PROTO_DST_PORT]);
  }
  return flow;
}

void add_connection(const nlmsghdr* message, std::vector<Flow>& flows) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(nfgenmsg)) return;
  const auto* first = static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(message, sizeof(nfgenmsg)));
  const auto parts = attributes<CTA_MAX + 1>(first, mnl_nlmsg_get_payload_len(message) - MNL_ALIGN(sizeof(nfgenmsg)));
  for (const auto* tuple : {parts[CTA_TUPLE_ORIG], parts[CTA_TUPLE_REPLY]})
    if (tuple != nullptr)
      if (const auto flow = flow_of(tuple)) flows.push_back(*flow);
}

bool tracks_connections() {
  const auto count = read_file("/proc/sys/net/netfilter/nf_conntrack_count", 64);
  return count && trim(*count) != "0";
}
}  // namespace

Result<std::vector<Flow>> socket_flows(std::size_t maximum, Sockets which) {
  constexpr std::uint32_t all_states = 0xfff;
  std::vector<Flow> flows;
  for (const std::uint8_t protocol : {std::uint8_t{IPPROTO_TCP}, std::uint8_t{IPPROTO_UDP}})
    for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
      alignas(nlmsghdr) std::array<char, 128> space{};
      auto* request = mnl_nlmsg_put_header(space.data());
      request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
      request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
      auto* asked = static_cast<inet_diag_req_v2*>(mnl_nlmsg_put_extra_header(request, sizeof(inet_diag_req_v2)));
      asked->sdiag_family = family;
      asked->sdiag_protocol = protocol;
      asked->idiag_states = all_states & ~((1u << TCP_LISTEN) | (1u << TCP_TIME_WAIT) | (1u << TCP_CLOSE));
      if (protocol == IPPROTO_UDP) asked->idiag_states = all_states;
      auto read = read_dump(NETLINK_SOCK_DIAG, request, which == Sockets::all ? maximum - flows.size() : maximum,
                            [&](const nlmsghdr* message) { add_socket(message, protocol, which, flows); });
      // A host without IPv6 is a host.
      if (!read && family == AF_INET) return read.error();
    }
  return flows;
}

Result<std::optional<std::vector<Flow>>> tracked_flows(std::size_t maximum) {
  if (!tracks_connections()) return std::optional<std::vector<Flow>>();
  alignas(nlmsghdr) std::array<char, 128> space{};
  auto* request = mnl_nlmsg_put_header(space.data());
  request->nlmsg_type = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  auto* asked = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(nfgenmsg)));
  asked->nfgen_family = AF_UNSPEC;
  asked->version = NFNETLINK_V0;
  std::vector<Flow> flows;
  auto read =
      read_dump(NETLINK_NETFILTER, request, maximum, [&](const nlmsghdr* message) { add_connection(message, flows); });
  if (!read) return read.error();
  return std::optional(std::move(flows));
}

}  // namespace ipsec9000
