#include "send_tap.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <mntent.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>

#include "send_program.hpp"

namespace ipsec9000 {

namespace {
constexpr std::uint32_t entries = 4096;
constexpr std::uint64_t kept_for = 60'000'000'000;  // nanoseconds
constexpr int netns_cookie = 71;                    // SO_NETNS_COOKIE, Linux 5.14

struct CloseTable {
  void operator()(FILE* file) const { ::endmntent(file); }
};

// The uppermost control group that we can see.
Result<FileDescriptor> open_control_group() {
  const std::unique_ptr<FILE, CloseTable> mounts(::setmntent("/proc/self/mounts", "re"));
  if (!mounts) return system_error("/proc/self/mounts");
  while (const auto* mount = ::getmntent(mounts.get())) {
    if (std::string_view(mount->mnt_type) != "cgroup2") continue;
    FileDescriptor group(::open(mount->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!group) return system_error(mount->mnt_dir);
    return group;
  }
  return Error{ErrorCode::unsupported, "no control groups (cgroup2) are mounted"};
}

Result<std::uint64_t> our_network() {
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (!socket || ::getsockopt(socket.get(), SOL_SOCKET, netns_cookie, &cookie, &size) != 0)
    return system_error("naming the network namespace (Linux 5.14)");
  return cookie;
}

std::optional<IpAddress> address_of(const std::uint8_t* bytes, std::uint32_t family) {
  constexpr std::uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  // IPv4 by a socket for both families; the unspecified address stands for either.
  if (family == AF_INET6 && std::equal(mapped, mapped + sizeof mapped, bytes)) return address_of(bytes + 12, AF_INET);
  const auto read = IpAddress::from_bytes({bytes, family == AF_INET6 ? 16U : 4U});
  return read ? std::optional(*read) : std::nullopt;
}

std::optional<Flow> flow_of(const SendKey& key) {
  auto local = address_of(key.local, key.family);
  const auto remote = address_of(key.remote, key.family);
  if (!local || !remote) return std::nullopt;
  if (local->is_any()) local = IpAddress::any(remote->family());
  if (local->family() != remote->family()) return std::nullopt;
  return Flow{*local, *remote, static_cast<IpProtocol>(key.protocol), static_cast<std::uint16_t>(key.local_port),
              ntohs(static_cast<std::uint16_t>(key.remote_port))};
}
}  // namespace

Result<std::unique_ptr<SendTap>> SendTap::open() {
  const auto group = open_control_group();
  if (!group) return group.error();
  const auto net = our_network();
  if (!net) return net.error();
  auto table = make_send_table(entries);
  if (!table) return table.error();
  std::vector<FileDescriptor> attached;
  for (const auto hook : {SendHook::connect4, SendHook::connect6, SendHook::datagram4, SendHook::datagram6}) {
    auto done = attach_send_program(hook, table->get(), group->get(), *net);
    if (!done) return done.error();
    attached.push_back(std::move(*done));
  }
  return std::unique_ptr<SendTap>(new SendTap(std::move(*table), std::move(attached)));
}

// Takes over what the kernel has noted, and forgets what is old.
std::uint64_t SendTap::drain() {
  std::vector<SendKey> keys(entries);
  std::vector<SendValue> values(entries);
  const auto found = take_sends(table_.get(), keys.data(), values.data(), entries);
  timespec clock{};
  ::clock_gettime(CLOCK_MONOTONIC, &clock);
  const auto now = static_cast<std::uint64_t>(clock.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(clock.tv_nsec);
  std::erase_if(known_, [&](const auto& entry) { return entry.second.last + kept_for < now; });
  for (std::uint32_t n = 0; found && n < *found; ++n) {
    const auto flow = flow_of(keys[n]);
    if (!flow || values[n].last + kept_for < now || (known_.size() >= entries && !known_.contains(*flow))) continue;
    auto& known = known_[*flow];
    known.fresh += values[n].count;
    known.last = values[n].last;
  }
  return now;
}

std::vector<SendAttempt> SendTap::take(Duration within) {
  const auto now = drain();
  const auto span = static_cast<std::uint64_t>(std::chrono::nanoseconds(within).count());
  std::vector<SendAttempt> attempts;
  for (auto& [flow, known] : known_)
    if (const auto count = std::exchange(known.fresh, 0); count != 0 && known.last + span >= now)
      attempts.push_back({flow, count});
  return attempts;
}

std::vector<Flow> SendTap::recent() {
  drain();
  std::vector<Flow> flows;
  for (const auto& [flow, known] : known_) flows.push_back(flow);
  return flows;
}

}  // namespace ipsec9000
