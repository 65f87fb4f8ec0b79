// A host of its own for each test: a fresh network namespace with one interface that leads nowhere (or to a second
// host). What a test opens belongs to the host that was entered last.
#pragma once
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "xfrm/kernel.hpp"

namespace ipsec9000 {

inline IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }
inline Prefix prefix(std::string_view text) { return *Prefix::parse(text); }

class Host {
 public:
  // 10.9.0.1/24 and fd00::1/64 on "wire"; 10.9.0.2 and fd00::2 are known neighbours there. The host is entered.
  Host();
  void enter() const;

  // Makes another host at the other end of "wire", with 10.9.0.2/24 and fd00::2/64, and enters it.
  Host connected_host() const;

 private:
  struct Empty {};
  explicit Host(Empty);
  FileDescriptor namespace_;
};

void run(const std::string& command);  // fails the test if the command fails
void write_setting(const std::string& path, const std::string& value);

// A UDP socket bound to source address and port.
FileDescriptor udp_socket(const std::string& source, std::uint16_t port);
// 0, or the errno of sending a packet.
int send_packet(const FileDescriptor& socket, const std::string& destination, std::uint16_t port, std::size_t size = 8);

std::unique_ptr<NetlinkKernel> open_kernel();
std::unique_ptr<EventSource> listen(Kernel& kernel, std::vector<EventGroup> groups);

// Gathers events until one of this type is there, or the time is over. Those of other types are dropped.
template <class T>
std::vector<T> wait_for(EventSource& events, std::chrono::milliseconds limit = std::chrono::milliseconds(2000));

// False, with a line on what is not tested, where the kernel has no ESP.
bool has_esp(const std::string& untested);
const std::vector<std::string>& skipped();

void shrink_receive_buffer(const EventSource& events);  // to a few events
void wait_readable(int fd, std::chrono::milliseconds limit);

template <class T>
std::vector<T> wait_for(EventSource& events, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::vector<T> found;
  while (true) {
    auto arrived = events.read_events();
    REQUIRE(arrived);
    for (auto& event : *arrived)
      if (auto* match = std::get_if<T>(&event)) found.push_back(std::move(*match));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (!found.empty() || left.count() <= 0) return found;
    wait_readable(events.fd(), left);
  }
}

}  // namespace ipsec9000
