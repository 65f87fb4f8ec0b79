#include "pending_acquires.hpp"

#include <algorithm>

namespace ipsec9000 {

void PendingAcquires::asked(const ike::PairKey& wanted, const UnansweredAcquire& question, TimePoint now) {
  if (entries_.size() >= most && now - swept_ > memory) {
    std::erase_if(entries_,
                  [&](const auto& entry) { return !entry.second.due && now - entry.second.touched > memory; });
    swept_ = now;
  }
  if (entries_.size() >= most && !entries_.contains(wanted)) return;
  auto& entry = entries_[wanted];
  if (now - entry.touched > memory) entry.failures = 0;
  entry.question = question;
  entry.touched = now;
}

void PendingAcquires::answered(const ike::PairKey& wanted) {
  const auto found = entries_.find(wanted);
  if (found == entries_.end()) return;
  set_due(wanted, found->second, std::nullopt);
  entries_.erase(found);
}

void PendingAcquires::failed(const ike::PairKey& wanted, TimePoint now) {
  const auto found = entries_.find(wanted);
  if (found == entries_.end()) return;  // nobody asked: a renewal, or a peer's SA that somebody deleted
  auto& entry = found->second;
  auto wait = Duration{};
  for (unsigned i = 0; i < entry.failures && wait < longest_wait; ++i) wait = std::max(first_wait, 2 * wait);
  ++entry.failures;
  entry.touched = now;
  set_due(wanted, entry, now + std::min(wait, longest_wait));
}

void PendingAcquires::forgive(TimePoint now) {
  for (auto& [wanted, entry] : entries_) {
    entry.failures = 0;
    if (entry.due) set_due(wanted, entry, now);
  }
}

std::vector<UnansweredAcquire> PendingAcquires::take_due(TimePoint now) {
  std::vector<UnansweredAcquire> questions;
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto wanted = due_.begin()->second;
    auto& entry = entries_.at(wanted);
    set_due(wanted, entry, std::nullopt);
    questions.push_back(entry.question);  // the entry stays: it counts the failures
  }
  return questions;
}

std::optional<TimePoint> PendingAcquires::next_due() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

void PendingAcquires::set_due(const ike::PairKey& wanted, Entry& entry, std::optional<TimePoint> due) {
  if (entry.due) due_.erase({*entry.due, wanted});
  entry.due = due;
  if (due) due_.insert({*due, wanted});
}

}  // namespace ipsec9000
