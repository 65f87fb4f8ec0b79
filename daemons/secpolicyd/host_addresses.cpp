#include "host_addresses.hpp"

#include <algorithm>

namespace ipsec9000 {

const std::vector<LocalAddress>* HostAddresses::all() {
  if (has_news() || !known_) {
    auto now = read_();
    known_.reset();
    if (now) known_ = std::move(*now);
  }
  return known_ ? &*known_ : nullptr;
}

// Before the addresses are read: what changes while that is done is news for the next time.
bool HostAddresses::has_news() {
  if (!follow_) return true;
  if (!monitor_) {
    auto opened = LinkMonitor::open();
    if (opened) monitor_.emplace(std::move(*opened));
    return true;
  }
  const auto news = monitor_->take_news();
  if (!news) monitor_.reset();  // another one may do better
  return !news || *news;
}

std::vector<const LocalAddress*> at_interfaces(const std::vector<LocalAddress>& sorted, const IpAddress& address) {
  std::vector<const LocalAddress*> found;
  auto at = std::lower_bound(sorted.begin(), sorted.end(), address,
                             [](const LocalAddress& each, const IpAddress& wanted) { return each.address < wanted; });
  for (; at != sorted.end() && at->address == address; ++at) found.push_back(&*at);
  return found;
}

}  // namespace ipsec9000
