#include "recent_discards.hpp"

#include <algorithm>

namespace ipsec9000 {

void RecentDiscards::add(const SeenDiscard& seen, std::uint64_t count, TimePoint now) {
  const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.seen == seen; });
  Entry entry{seen, count, now};
  if (known != entries_.end()) {
    if (now - known->last <= kept_for) entry.count += known->count;
    entries_.erase(known);
  } else if (entries_.size() == most) {
    entries_.erase(entries_.begin());
  }
  entries_.push_back(std::move(entry));
}

std::vector<RecentDiscards::Entry> RecentDiscards::all(TimePoint now) const {
  std::vector<Entry> lately;
  for (auto entry = entries_.rbegin(); entry != entries_.rend() && now - entry->last <= kept_for; ++entry)
    lately.push_back(*entry);
  return lately;
}

}  // namespace ipsec9000
