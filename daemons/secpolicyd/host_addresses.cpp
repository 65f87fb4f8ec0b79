#include "host_addresses.hpp"

#include <algorithm>
#include <utility>

namespace ipsec9000 {

namespace {
constexpr Duration address_news_settle_time{50};  // an interface that comes up is several pieces of news

auto first_of(const std::vector<LocalAddress>& sorted, const IpAddress& address) {
  return std::lower_bound(sorted.begin(), sorted.end(), address,
                          [](const LocalAddress& each, const IpAddress& wanted) { return each.address < wanted; });
}
}  // namespace

void HostAddresses::read_by(Read read) {
  read_ = std::move(read);
  ask_for_news_ = false;
  known_.reset();
}

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
  if (!ask_for_news_) return true;
  const bool stale = std::exchange(stale_, false);
  if (!monitor_) {
    open();
    return true;
  }
  const auto news = monitor_->take_news();
  if (!news) {  // another one may do better
    watch_ = {};
    monitor_.reset();
  }
  return !news || *news || stale;
}

void HostAddresses::open() {
  auto opened = LinkMonitor::open();
  if (!opened) return;
  monitor_.emplace(std::move(*opened));
  if (loop_ != nullptr) watch_ = loop_->watch_readable(monitor_->fd(), [this] { hear(); });
}

void HostAddresses::follow(EventLoop& loop) {
  loop_ = &loop;
  settle_.emplace(loop);
  watch_ = {};
  monitor_.reset();
  (void)all();
}

// What broke is not waited for any more: the next one who asks opens another one.
void HostAddresses::hear() {
  const auto news = monitor_->take_news();
  if (!news) {
    watch_ = {};
    monitor_.reset();
  }
  stale_ = stale_ || !news || *news;
  if (stale_ && !settle_->armed()) settle_->arm(address_news_settle_time, [this] { (void)all(); });
}

std::vector<const LocalAddress*> at_interfaces(const std::vector<LocalAddress>& sorted, const IpAddress& address) {
  std::vector<const LocalAddress*> found;
  for (auto at = first_of(sorted, address); at != sorted.end() && at->address == address; ++at) found.push_back(&*at);
  return found;
}

bool is_among(const std::vector<LocalAddress>& sorted, const IpAddress& address) {
  const auto at = first_of(sorted, address);
  return at != sorted.end() && at->address == address;
}

}  // namespace ipsec9000
