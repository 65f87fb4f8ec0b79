// This host's own addresses, as they are when they are asked for.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "daemon/event_loop.hpp"
#include "xfrm/links.hpp"

namespace ipsec9000 {

// Reads them once, and again when rtnetlink has had news since. The news is taken when somebody asks, so that no answer
// is older than its question; what is not taken in time gets lost, and that is news as well.
class HostAddresses {
 public:
  using Read = std::function<Result<std::vector<LocalAddress>>()>;
  HostAddresses() = default;
  HostAddresses(const HostAddresses&) = delete;
  HostAddresses& operator=(const HostAddresses&) = delete;
  // For tests: they are read so, each time.
  void read_by(Read read);

  // Sorted, loopback among them; null where they cannot be read. Good until the next call, or turn of the loop.
  const std::vector<LocalAddress>* all();

  // From here on news is taken on the loop as well, a moment after it came. For those who ask for each packet, recent()
  // then is what all() was after the last news, and asks the kernel nothing.
  void follow(EventLoop& loop);
  const std::vector<LocalAddress>* recent() const { return known_ ? &*known_ : nullptr; }

 private:
  bool has_news();
  void open();
  void hear();

  Read read_ = local_addresses;
  bool ask_for_news_ = true;
  std::optional<LinkMonitor> monitor_;
  std::optional<std::vector<LocalAddress>> known_;
  bool stale_ = false;  // the loop has taken news
  // Where it is followed.
  EventLoop* loop_ = nullptr;
  EventLoop::Watch watch_;
  std::optional<EventLoop::Timer> settle_;
};

// Those of one address, for it may be at several interfaces.
std::vector<const LocalAddress*> at_interfaces(const std::vector<LocalAddress>& sorted, const IpAddress& address);
bool is_among(const std::vector<LocalAddress>& sorted, const IpAddress& address);

}  // namespace ipsec9000
