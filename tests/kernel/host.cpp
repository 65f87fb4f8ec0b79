#include "host.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>

namespace ipsec9000 {

namespace {
FileDescriptor fresh_namespace() {
  REQUIRE(::unshare(CLONE_NEWNET) == 0);
  FileDescriptor handle(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  REQUIRE(handle);
  run("ip link set lo up");
  return handle;
}

void configure(const std::string& number, const std::string& peer) {
  run("ip addr add 10.9.0." + number + "/24 dev wire && ip addr add fd00::" + number +
      "/64 dev wire nodad && "
      "ip link set dev wire up && "
      "ip neigh replace 10.9.0." +
      peer + " lladdr 02:00:00:00:00:0" + peer +
      " dev wire nud permanent && "
      "ip neigh replace fd00::" +
      peer + " lladdr 02:00:00:00:00:0" + peer + " dev wire nud permanent");
}
}  // namespace

Host::Host() : namespace_(fresh_namespace()) {
  run("ip link add wire address 02:00:00:00:00:01 type veth peer name far && ip link set dev far up");
  configure("1", "2");
}

Host::Host(Empty) : namespace_(fresh_namespace()) {}

void Host::enter() const { REQUIRE(::setns(namespace_.get(), CLONE_NEWNET) == 0); }

Host Host::connected_host() const {
  Host other{Empty{}};
  enter();
  run("ip link set dev far netns /proc/self/fd/" + std::to_string(::dup(other.namespace_.get())));
  other.enter();
  run("ip link set dev far down && ip link set dev far name wire address 02:00:00:00:00:02");
  configure("2", "1");
  return other;
}

void run(const std::string& command) {
  CAPTURE(command);
  REQUIRE(std::system(("export PATH=/usr/sbin:/usr/bin:/sbin:/bin; " + command).c_str()) == 0);
}

void write_setting(const std::string& path, const std::string& value) {
  std::ofstream file(path);
  file << value << std::flush;
  REQUIRE(file);
}

FileDescriptor udp_socket(const std::string& source, std::uint16_t port) {
  const Endpoint local{ip(source), port};
  sockaddr_storage address{};
  const auto size = local.to_sockaddr(address);
  FileDescriptor socket(::socket(local.address.af(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(socket);
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(size)) == 0);
  return socket;
}

int send_packet(const FileDescriptor& socket, const std::string& destination, std::uint16_t port, std::size_t size) {
  sockaddr_storage address{};
  const auto length = Endpoint{ip(destination), port}.to_sockaddr(address);
  const std::vector<std::uint8_t> content(size, 'x');
  const auto sent = ::sendto(socket.get(), content.data(), content.size(), 0, reinterpret_cast<sockaddr*>(&address),
                             static_cast<socklen_t>(length));
  return sent < 0 ? errno : 0;
}

std::unique_ptr<NetlinkKernel> open_kernel() {
  auto kernel = NetlinkKernel::open();
  REQUIRE(kernel);
  return std::move(*kernel);
}

std::unique_ptr<EventSource> listen(Kernel& kernel, std::vector<EventGroup> groups) {
  auto events = kernel.open_events(groups);
  REQUIRE(events);
  return std::move(*events);
}

void shrink_receive_buffer(const EventSource& events) {
  const int small = 4096;
  REQUIRE(::setsockopt(events.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small) == 0);
}

void wait_readable(int fd, std::chrono::milliseconds limit) {
  pollfd waiting{fd, POLLIN, 0};
  ::poll(&waiting, 1, static_cast<int>(limit.count()));
}

namespace {
std::vector<std::string>& skip_list() {
  static std::vector<std::string> list;
  return list;
}
}  // namespace

const std::vector<std::string>& skipped() { return skip_list(); }

bool has_esp(const std::string& untested) {
  const auto found = open_kernel()->probe();
  REQUIRE(found);
  if (found->esp && found->ah) return true;
  skip_list().push_back(untested);
  return false;
}

}  // namespace ipsec9000
