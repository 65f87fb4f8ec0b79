#include "trace/nflog.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/free_by.hpp"

namespace ipsec9000::nflog {

namespace {
constexpr std::uint16_t first_group = 9000, groups = 16;
constexpr int receive_buffer = 4 << 20;
constexpr std::size_t buffer_size = std::size_t{256} * 1024;
constexpr int most_datagrams = 32;
constexpr std::uint32_t kernel_buffer = 128 * 1024;  // what the kernel gathers before it sends
constexpr std::uint32_t gather_time = 1;             // hundredths of a second
constexpr std::uint32_t gather_packets = 16;

constexpr std::array<std::pair<TracedAt, std::string_view>, 5> prefixes{{{TracedAt::out, "out"},
                                                                         {TracedAt::in_ipsec, "in ipsec"},
                                                                         {TracedAt::in_clear, "in clear"},
                                                                         {TracedAt::forward_ipsec, "fwd ipsec"},
                                                                         {TracedAt::forward_clear, "fwd clear"}}};

using Handle = std::unique_ptr<mnl_socket, FreeBy<mnl_socket_close>>;

class Config {
 public:
  explicit Config(std::uint16_t group) : header_(mnl_nlmsg_put_header(buffer_.data())) {
    header_->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_ULOG << 8U) | NFULNL_MSG_CONFIG;
    header_->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    auto* body = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header_, sizeof(nfgenmsg)));
    body->nfgen_family = AF_UNSPEC;
    body->version = NFNETLINK_V0;
    body->res_id = htons(group);
  }
  nlmsghdr* header() { return header_; }

  // Waits for the kernel's acknowledgement, which it gives within the call.
  Result<void> execute(mnl_socket* socket) {
    if (mnl_socket_sendto(socket, header_, header_->nlmsg_len) < 0) return system_error("asking for logged packets");
    alignas(nlmsghdr) std::array<char, 4096> answer{};
    const auto size = mnl_socket_recvfrom(socket, answer.data(), answer.size());
    if (size < 0 || mnl_cb_run(answer.data(), static_cast<std::size_t>(size), 0, 0, nullptr, nullptr) < 0)
      return system_error("asking for logged packets");
    return {};
  }

 private:
  alignas(nlmsghdr) std::array<char, 512> buffer_{};
  nlmsghdr* header_;
};

Result<void> bind_group(mnl_socket* socket, std::uint16_t group) {
  Config config(group);
  const nfulnl_msg_config_cmd command{NFULNL_CFG_CMD_BIND};
  mnl_attr_put(config.header(), NFULA_CFG_CMD, sizeof command, &command);
  return config.execute(socket);
}

Result<void> choose_mode(mnl_socket* socket, std::uint16_t group) {
  Config config(group);
  nfulnl_msg_config_mode mode{};
  mode.copy_range = htonl(0xffff);
  mode.copy_mode = NFULNL_COPY_PACKET;
  mnl_attr_put(config.header(), NFULA_CFG_MODE, sizeof mode, &mode);
  mnl_attr_put_u32(config.header(), NFULA_CFG_NLBUFSIZ, htonl(kernel_buffer));
  mnl_attr_put_u32(config.header(), NFULA_CFG_TIMEOUT, htonl(gather_time));
  mnl_attr_put_u32(config.header(), NFULA_CFG_QTHRESH, htonl(gather_packets));
  return config.execute(socket);
}

}  // namespace

std::string_view prefix_of(TracedAt at) {
  for (const auto& [place, prefix] : prefixes)
    if (place == at) return prefix;
  return prefixes.front().second;
}

std::optional<TracedPacket> decode(ByteView message) {
  nlmsghdr header{};
  if (message.size() < MNL_NLMSG_HDRLEN + sizeof(nfgenmsg)) return std::nullopt;
  std::memcpy(&header, message.data(), sizeof header);
  if (header.nlmsg_type != ((NFNL_SUBSYS_ULOG << 8U) | NFULNL_MSG_PACKET)) return std::nullopt;
  TracedPacket packet;
  bool ours = false;
  const auto* at = message.data() + MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(nfgenmsg));
  const auto* end = message.data() + message.size();
  for (; at < end; at += MNL_ALIGN(reinterpret_cast<const nlattr*>(at)->nla_len)) {
    const auto* attribute = reinterpret_cast<const nlattr*>(at);
    if (!mnl_attr_ok(attribute, static_cast<int>(end - at))) break;
    const auto* value = static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute));
    const std::size_t size = mnl_attr_get_payload_len(attribute);
    switch (mnl_attr_get_type(attribute)) {
      case NFULA_PAYLOAD:
        packet.bytes.assign(value, value + size);
        break;
      case NFULA_PREFIX: {
        const std::string_view text(reinterpret_cast<const char*>(value), size);
        for (const auto& [place, prefix] : prefixes)
          if (text.substr(0, text.find('\0')) == prefix) {
            packet.at = place;
            ours = true;
          }
        break;
      }
      default:
        break;
    }
  }
  if (!ours || packet.bytes.empty()) return std::nullopt;
  return packet;
}

Result<Socket> Socket::open() {
  const Handle handle(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
  if (!handle) return system_error("opening a socket for logged packets");
  if (mnl_socket_bind(handle.get(), 0, MNL_SOCKET_AUTOPID) < 0) return system_error("binding a netlink socket");
  Result<void> bound;
  Socket made;
  for (std::uint16_t group = first_group; group < first_group + groups; ++group) {
    bound = bind_group(handle.get(), group);
    made.group_ = group;
    if (bound) break;
  }
  if (!bound) return bound.error();
  if (auto chosen = choose_mode(handle.get(), made.group_); !chosen) return chosen.error();
  const int fd = mnl_socket_get_fd(handle.get());
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer);
  made.socket_ = FileDescriptor(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!made.socket_) return system_error("keeping a netlink socket");
  made.buffer_.resize(buffer_size);
  return made;
}

std::vector<TracedPacket> Socket::read() {
  std::vector<TracedPacket> packets;
  for (int n = 0; n < most_datagrams; ++n) {
    sockaddr_nl from{};
    socklen_t length = sizeof from;
    const auto size = ::recvfrom(socket_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&from), &length);
    if (size < 0 && errno == ENOBUFS) {
      ++lost_;
      continue;
    }
    if (size <= 0) break;
    if (from.nl_pid != 0) continue;
    auto left = static_cast<int>(size);
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer_.data()); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left))
      if (auto packet =
              decode(ByteView(reinterpret_cast<const std::uint8_t*>(message), std::size_t{message->nlmsg_len})))
        packets.push_back(std::move(*packet));
  }
  return packets;
}

}  // namespace ipsec9000::nflog
