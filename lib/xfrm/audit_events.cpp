#include "xfrm/audit_events.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.hpp"

namespace ipsec9000 {

namespace {
constexpr int receive_buffer = 4 << 20;
constexpr int most_messages = 256;     // in one go
constexpr int answer_time = 200;       // milliseconds
constexpr std::size_t largest = 9000;  // MAX_AUDIT_MESSAGE_LENGTH is 8970

// The value of " name=" in the text, up to the next blank.
std::optional<std::string_view> value_of(std::string_view text, std::string_view name) {
  for (std::size_t at = 0; (at = text.find(name, at)) != std::string_view::npos; at += name.size()) {
    const bool begins = at == 0 || text[at - 1] == ' ';
    const auto behind = at + name.size();
    if (!begins || behind >= text.size() || text[behind] != '=') continue;
    const auto value = text.substr(behind + 1);
    return value.substr(0, value.find_first_of(" \n"));
  }
  return std::nullopt;
}

std::optional<KernelAuditEvent::Kind> kind_of(std::string_view operation) {
  using Kind = KernelAuditEvent::Kind;
  if (operation == "SA-notfound") return Kind::unknown_spi;
  if (operation == "SA-icv-failure") return Kind::integrity_failure;
  if (operation == "SA-replayed-pkt") return Kind::replay;
  if (operation == "SA-replay-overflow") return Kind::replay_overflow;
  return std::nullopt;
}

// Opens in the initial network namespace, if we may go there, and comes back.
Result<FileDescriptor> open_in_initial_namespace() {
  const FileDescriptor home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  const FileDescriptor initial(::open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC));
  const bool moved = home && initial && ::setns(initial.get(), CLONE_NEWNET) == 0;
  FileDescriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT));
  const int failed = errno;
  if (moved && ::setns(home.get(), CLONE_NEWNET) != 0) return system_error("returning to our network namespace");
  if (!socket) return system_error("opening the kernel's audit", failed);
  return socket;
}

Result<audit_status> ask_status(int socket) {
  struct {
    nlmsghdr header;
    audit_status status;
  } question{};
  question.header = {NLMSG_LENGTH(0), AUDIT_GET, NLM_F_REQUEST, 1, 0};
  if (::send(socket, &question, question.header.nlmsg_len, 0) < 0) return system_error("asking the kernel's audit");
  alignas(nlmsghdr) std::array<char, largest> buffer{};
  constexpr int attempts = 16;  // acknowledgements and the like may come before
  for (int attempt = 0; attempt < attempts; ++attempt) {
    pollfd waiting{socket, POLLIN, 0};  // a thread of the kernel's answers, not the call itself
    if (::poll(&waiting, 1, answer_time) == 0) break;
    const auto size = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < static_cast<ssize_t>(sizeof(nlmsghdr))) return system_error("asking the kernel's audit");
    nlmsghdr header{};
    std::memcpy(&header, buffer.data(), sizeof header);
    if (header.nlmsg_type == NLMSG_ERROR) {
      int error = 0;
      std::memcpy(&error, buffer.data() + NLMSG_HDRLEN, sizeof error);
      if (error != 0) return system_error("asking the kernel's audit", -error);
    }
    if (header.nlmsg_type != AUDIT_GET) continue;
    audit_status status{};
    std::memcpy(&status, buffer.data() + NLMSG_HDRLEN,
                std::min(sizeof status, static_cast<std::size_t>(size) - NLMSG_HDRLEN));
    return status;
  }
  return Error{ErrorCode::timed_out, "the kernel's audit does not answer"};
}
}  // namespace

std::optional<KernelAuditEvent> parse_kernel_audit(std::string_view text) {
  const auto operation = value_of(text, "op");
  const auto kind = operation ? kind_of(*operation) : std::nullopt;
  const auto source = value_of(text, "src"), destination = value_of(text, "dst"), spi = value_of(text, "spi");
  if (!kind || !source || !destination || !spi) return std::nullopt;
  const auto from = IpAddress::parse(*source), to = IpAddress::parse(*destination);
  const auto number = parse_number(spi->substr(0, spi->find('(')), UINT32_MAX);
  if (!from || !to || !number) return std::nullopt;
  const auto sequence = value_of(text, "seqno");
  return KernelAuditEvent{*kind, *from, *to, static_cast<Spi>(*number),
                          static_cast<std::uint32_t>(sequence ? parse_number(*sequence, UINT32_MAX).value_or(0) : 0)};
}

Result<bool> kernel_audit_enabled() {
  const auto socket = open_in_initial_namespace();
  if (!socket) return socket.error();
  const auto status = ask_status(socket->get());
  if (!status) return status.error();
  return status->enabled != 0;
}

Result<std::unique_ptr<KernelAuditSource>> KernelAuditSource::open() {
  const auto enabled = kernel_audit_enabled();
  if (!enabled) return enabled.error();
  if (!*enabled) return Error{ErrorCode::unsupported, "the kernel's audit is off (auditctl -e 1 switches it on)"};
  auto socket = open_in_initial_namespace();
  if (!socket) return socket.error();
  ::setsockopt(socket->get(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1U);
  if (::bind(socket->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return system_error("listening to the kernel's audit");
  return std::unique_ptr<KernelAuditSource>(new KernelAuditSource(std::move(*socket)));
}

std::vector<KernelAuditEvent> KernelAuditSource::read() {
  std::vector<KernelAuditEvent> events;
  alignas(nlmsghdr) std::array<char, largest> buffer{};
  for (int n = 0; n < most_messages; ++n) {
    sockaddr_nl from{};
    socklen_t length = sizeof from;
    const auto size = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&from), &length);
    if (size < 0 && errno == ENOBUFS) {
      ++lost_;
      continue;
    }
    if (size < 0) break;
    if (from.nl_pid != 0 || size < NLMSG_HDRLEN) continue;
    nlmsghdr header{};
    std::memcpy(&header, buffer.data(), sizeof header);
    if (header.nlmsg_type != AUDIT_MAC_IPSEC_EVENT) continue;
    // The header's own length does not count for audit messages; the datagram's does.
    std::string_view text(buffer.data() + NLMSG_HDRLEN, static_cast<std::size_t>(size) - NLMSG_HDRLEN);
    text = text.substr(0, text.find('\0'));
    if (auto event = parse_kernel_audit(text)) events.push_back(*event);
  }
  return events;
}

}  // namespace ipsec9000
