#include "xfrm/links.hpp"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace ipsec9000 {

namespace {

struct FreeSocket {
  void operator()(nl_sock* socket) const { nl_socket_free(socket); }
};
struct FreeCache {
  void operator()(nl_cache* cache) const { nl_cache_free(cache); }
};
struct FreeMessage {
  void operator()(nl_msg* message) const { nlmsg_free(message); }
};
struct FreeRoute {
  void operator()(rtnl_route* route) const { rtnl_route_put(route); }
};
using Socket = std::unique_ptr<nl_sock, FreeSocket>;
using Cache = std::unique_ptr<nl_cache, FreeCache>;
using NetlinkMessage = std::unique_ptr<nl_msg, FreeMessage>;

Error libnl_error(std::string_view what, int number) {
  ErrorCode code = ErrorCode::io;
  if (number == -NLE_PERM || number == -NLE_NOACCESS) code = ErrorCode::not_permitted;
  return Error{code, std::string(what) + ": " + nl_geterror(number)};
}

Result<Socket> route_socket() {
  Socket socket(nl_socket_alloc());
  if (!socket) return Error{ErrorCode::io, "allocating a netlink socket"};
  if (const int failed = nl_connect(socket.get(), NETLINK_ROUTE); failed < 0)
    return libnl_error("opening a netlink socket to the routing tables", failed);
  return socket;
}

std::optional<IpAddress> to_address(nl_addr* address) {
  if (address == nullptr) return std::nullopt;
  const auto size = nl_addr_get_len(address);
  const auto read = IpAddress::from_bytes(
      {static_cast<const std::uint8_t*>(nl_addr_get_binary_addr(address)), static_cast<std::size_t>(size)});
  return read ? std::optional(*read) : std::nullopt;
}

std::optional<LocalAddress> to_local_address(rtnl_addr* entry, nl_cache* links) {
  const auto address = to_address(rtnl_addr_get_local(entry));
  if (!address) return std::nullopt;
  LocalAddress local{*address, static_cast<unsigned>(rtnl_addr_get_prefixlen(entry)), "", false};
  if (rtnl_link* link = rtnl_link_get(links, rtnl_addr_get_ifindex(entry)); link != nullptr) {
    if (const char* name = rtnl_link_get_name(link); name != nullptr) local.interface = name;
    local.up = (rtnl_link_get_flags(link) & IFF_UP) != 0;
    rtnl_link_put(link);
  }
  return local;
}

// libnl calls back with each message of the answer, or with the kernel's refusal, whose errno it would else blur.
struct RouteAnswer {
  std::optional<IpAddress> source;
  int refusal = 0;
};

int keep_refusal(sockaddr_nl*, nlmsgerr* refusal, void* answer) {
  static_cast<RouteAnswer*>(answer)->refusal = -refusal->error;
  return NL_STOP;
}

int keep_source(nl_msg* message, void* answer) {
  rtnl_route* route = nullptr;
  if (rtnl_route_parse(nlmsg_hdr(message), &route) < 0) return NL_SKIP;
  const std::unique_ptr<rtnl_route, FreeRoute> owned(route);
  static_cast<RouteAnswer*>(answer)->source = to_address(rtnl_route_get_pref_src(route));
  return NL_OK;
}

NetlinkMessage route_request(const IpAddress& remote) {
  NetlinkMessage message(nlmsg_alloc_simple(RTM_GETROUTE, 0));
  if (!message) return nullptr;
  rtmsg body{};
  body.rtm_family = static_cast<unsigned char>(remote.af());
  body.rtm_dst_len = static_cast<unsigned char>(remote.bits());
  const auto bytes = remote.bytes();
  if (nlmsg_append(message.get(), &body, sizeof body, NLMSG_ALIGNTO) < 0) return nullptr;
  if (nla_put(message.get(), RTA_DST, static_cast<int>(bytes.size()), bytes.data()) < 0) return nullptr;
  return message;
}

}  // namespace

Result<std::vector<LocalAddress>> local_addresses() {
  auto socket = route_socket();
  if (!socket) return socket.error();
  nl_cache* raw = nullptr;
  if (const int failed = rtnl_link_alloc_cache(socket->get(), AF_UNSPEC, &raw); failed < 0)
    return libnl_error("reading the interfaces", failed);
  const Cache links(raw);
  if (const int failed = rtnl_addr_alloc_cache(socket->get(), &raw); failed < 0)
    return libnl_error("reading the interfaces' addresses", failed);
  const Cache addresses(raw);
  std::vector<LocalAddress> all;
  for (auto* entry = nl_cache_get_first(addresses.get()); entry != nullptr; entry = nl_cache_get_next(entry))
    if (auto local = to_local_address(reinterpret_cast<rtnl_addr*>(entry), links.get())) all.push_back(*local);
  std::sort(all.begin(), all.end());
  return all;
}

Result<IpAddress> source_address_for(const IpAddress& remote) {
  const auto doing = "looking for the route to " + remote.to_string();
  auto socket = route_socket();
  if (!socket) return socket.error();
  const auto request = route_request(remote);
  if (!request) return Error{ErrorCode::io, doing + ": out of memory"};
  RouteAnswer answer;
  nl_socket_modify_cb(socket->get(), NL_CB_VALID, NL_CB_CUSTOM, keep_source, &answer);
  nl_socket_modify_err_cb(socket->get(), NL_CB_CUSTOM, keep_refusal, &answer);
  nl_socket_disable_auto_ack(socket->get());  // the answer is all there is to read
  if (const int failed = nl_send_auto(socket->get(), request.get()); failed < 0) return libnl_error(doing, failed);
  const int failed = nl_recvmsgs_default(socket->get());
  if (answer.refusal == ENETUNREACH || answer.refusal == EHOSTUNREACH || answer.refusal == ESRCH)
    return Error{ErrorCode::not_found, doing + ": there is none"};
  if (answer.refusal != 0) return system_error(doing, answer.refusal);
  if (failed < 0) return libnl_error(doing, failed);
  if (!answer.source || answer.source->is_any())
    return Error{ErrorCode::not_found, doing + ": it names no source address"};
  return *answer.source;
}

void LinkMonitor::Free::operator()(nl_sock* socket) const { nl_socket_free(socket); }

Result<LinkMonitor> LinkMonitor::open() {
  std::unique_ptr<nl_sock, Free> socket(nl_socket_alloc());
  if (!socket) return Error{ErrorCode::io, "allocating a netlink socket"};
  nl_socket_disable_seq_check(socket.get());  // what is announced answers no request
  if (const int failed = nl_connect(socket.get(), NETLINK_ROUTE); failed < 0)
    return libnl_error("opening a netlink socket to the interfaces", failed);
  const int joined =
      nl_socket_add_memberships(socket.get(), RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_NONE);
  if (joined < 0) return libnl_error("listening to changes of interfaces", joined);
  if (const int failed = nl_socket_set_nonblocking(socket.get()); failed < 0)
    return libnl_error("listening to changes of interfaces", failed);
  return LinkMonitor(std::move(socket));
}

int LinkMonitor::fd() const { return nl_socket_get_fd(socket_.get()); }

Result<bool> LinkMonitor::take_news() {
  bool news = false;
  const auto note = [](nl_msg*, void* seen) -> int {
    *static_cast<bool*>(seen) = true;
    return NL_OK;
  };
  nl_socket_modify_cb(socket_.get(), NL_CB_VALID, NL_CB_CUSTOM, note, &news);
  while (true) {
    const int result = nl_recvmsgs_default(socket_.get());
    if (result == -NLE_AGAIN) return news;
    if (result == -NLE_NOMEM)
      news = true;  // ENOBUFS: some were lost
    else if (result < 0)
      return libnl_error("reading changes of interfaces", result);
  }
}

}  // namespace ipsec9000
