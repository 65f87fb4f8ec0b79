// This host's own addresses, as they are when they are asked for.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "xfrm/links.hpp"

namespace ipsec9000 {

// Reads them once, and again when rtnetlink has had news since. The news is taken when somebody asks, so that no answer
// is older than its question; what is not taken in time gets lost, and that is news as well.
class HostAddresses {
 public:
  using Read = std::function<Result<std::vector<LocalAddress>>()>;
  HostAddresses() = default;
  // Of a test: read each time.
  explicit HostAddresses(Read read) : read_(std::move(read)), follow_(false) {}

  // Sorted, loopback among them; null where they cannot be read. Good until the next call.
  const std::vector<LocalAddress>* all();

 private:
  bool has_news();

  Read read_ = local_addresses;
  bool follow_ = true;
  std::optional<LinkMonitor> monitor_;
  std::optional<std::vector<LocalAddress>> known_;
};

// Those of one address, for it may be at several interfaces.
std::vector<const LocalAddress*> at_interfaces(const std::vector<LocalAddress>& sorted, const IpAddress& address);

}  // namespace ipsec9000
