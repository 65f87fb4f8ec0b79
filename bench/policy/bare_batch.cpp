#include "bare_batch.hpp"

#include <libmnl/libmnl.h>
#include <linux/xfrm.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <vector>

#include "xfrm/abi.hpp"

namespace ipsec9000::bench {

namespace {
constexpr std::size_t messages_in_datagram = 128;
constexpr std::size_t room_for_message = 512;

void put(nlmsghdr* header, const PolicySpec& policy) {
  header->nlmsg_type = XFRM_MSG_NEWPOLICY;
  header->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL;
  const auto info = abi::policy_info(policy);
  std::memcpy(mnl_nlmsg_put_extra_header(header, sizeof info), &info, sizeof info);
  if (policy.templates.empty()) return;
  xfrm_user_tmpl layer{};
  layer.id.proto = static_cast<std::uint8_t>(policy.templates[0].protocol);
  layer.family = info.sel.family;
  layer.reqid = policy.templates[0].reqid;
  layer.aalgos = layer.ealgos = layer.calgos = ~0U;
  mnl_attr_put(header, XFRMA_TMPL, sizeof layer, &layer);
}

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}
}  // namespace

BareBatch::BareBatch() : socket_(mnl_socket_open(NETLINK_XFRM)) {
  if (socket_ == nullptr || mnl_socket_bind(socket_, 0, MNL_SOCKET_AUTOPID) < 0) give_up("netlink");
}

BareBatch::~BareBatch() { mnl_socket_close(socket_); }

void BareBatch::add(std::span<const PolicySpec> policies) {
  std::vector<char> room((messages_in_datagram + 1) * room_for_message);
  for (std::size_t at = 0; at < policies.size(); at += messages_in_datagram) {
    const auto here = policies.subspan(at, std::min(messages_in_datagram, policies.size() - at));
    auto* batch = mnl_nlmsg_batch_start(room.data(), room.size() - room_for_message);
    nlmsghdr* header = nullptr;
    for (const auto& policy : here) {
      header = mnl_nlmsg_put_header(mnl_nlmsg_batch_current(batch));
      put(header, policy);
      mnl_nlmsg_batch_next(batch);
    }
    header->nlmsg_flags |= NLM_F_ACK;
    if (mnl_socket_sendto(socket_, mnl_nlmsg_batch_head(batch), mnl_nlmsg_batch_size(batch)) < 0) give_up("sending");
    mnl_nlmsg_batch_stop(batch);
    confirm();
  }
}

void BareBatch::confirm() {
  std::array<char, 65536> answer{};
  const auto size = mnl_socket_recvfrom(socket_, answer.data(), answer.size());
  if (size < 0) give_up("receiving");
  const auto* header = reinterpret_cast<const nlmsghdr*>(answer.data());
  int error = 0;
  std::memcpy(&error, mnl_nlmsg_get_payload(header), sizeof error);
  if (header->nlmsg_type == NLMSG_ERROR && error == 0) return;
  std::cerr << "the kernel refused a policy of the bare batch\n";
  std::exit(1);
}

}  // namespace ipsec9000::bench
