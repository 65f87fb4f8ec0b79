#include "failure_log.hpp"

#include <algorithm>

namespace ipsec9000 {

void FailureLog::add(FailureRecord failure) {
  if (!by_peer_.contains(failure.remote) && by_peer_.size() >= peers) {
    const auto stalest = std::min_element(by_peer_.begin(), by_peer_.end(), [](const auto& a, const auto& b) {
      return a.second.back().first < b.second.back().first;
    });
    by_peer_.erase(stalest);
  }
  auto& records = by_peer_[failure.remote];
  records.emplace_back(++last_, std::move(failure));
  if (records.size() > per_peer) records.pop_front();
}

std::vector<FailureRecord> FailureLog::list(const std::optional<std::string>& remote) const {
  std::vector<std::pair<std::uint64_t, const FailureRecord*>> found;
  for (const auto& [peer, records] : by_peer_)
    if (!remote || peer == *remote)
      for (const auto& [number, record] : records) found.emplace_back(number, &record);
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<FailureRecord> list;
  list.reserve(found.size());
  for (const auto& [number, record] : found) list.push_back(*record);
  return list;
}

}  // namespace ipsec9000
