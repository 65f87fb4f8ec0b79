#include "policy/priorities.hpp"

#include <algorithm>

#include "policy/selection.hpp"

namespace ipsec9000 {

namespace {
constexpr std::uint64_t widest_gap = 4096;

struct Range {
  std::uint64_t first = 0;  // not given out itself
  std::uint64_t end = 0;
};

Range class_range(const Filter& filter) {
  if (kind_of(filter) != PolicyKind::hashed) return {0x60000000, 0xe0000000};
  const std::uint64_t first = 0x10000000ull * (6 - exact_fields(filter));
  return {first, first + 0x10000000};
}

// One class: policies of ranks [begin, end).
class ClassAssignment {
 public:
  ClassAssignment(Range range, std::size_t begin, std::size_t end,
                  const std::vector<std::optional<std::uint32_t>>& preferred,
                  const std::unordered_set<std::uint32_t>& taken)
      : range_(range), begin_(begin), preferred_(preferred), taken_(taken), values_(end - begin, 0) {}

  std::vector<std::uint32_t> assign() {
    keep_longest_ascent();
    if (!fill_gaps()) {
      std::fill(values_.begin(), values_.end(), 0);
      fill_gaps();  // the whole range for a million policies at most: there is room
    }
    return std::move(values_);
  }

 private:
  // The longest ascending run of preferred priorities (patience sorting): these policies stay where they are.
  void keep_longest_ascent() {
    std::vector<std::size_t> tails;  // tails[n]: end of the best run of n + 1
    std::vector<std::size_t> before(values_.size(), none);
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const auto& wish = preferred_[begin_ + i];
      if (!wish || *wish <= range_.first || *wish >= range_.end) continue;
      const auto at = std::lower_bound(tails.begin(), tails.end(), *wish, [&](std::size_t tail, std::uint32_t value) {
        return *preferred_[begin_ + tail] < value;
      });
      if (at != tails.begin()) before[i] = *(at - 1);
      if (at == tails.end())
        tails.push_back(i);
      else
        *at = i;
    }
    for (std::size_t i = tails.empty() ? none : tails.back(); i != none; i = before[i])
      values_[i] = *preferred_[begin_ + i];
  }

  bool fill_gaps() {
    std::uint64_t low = range_.first;
    for (std::size_t i = 0; i < values_.size();) {
      if (values_[i] != 0) {
        low = values_[i++];
        continue;
      }
      std::size_t stop = i;
      while (stop < values_.size() && values_[stop] == 0) ++stop;
      const std::uint64_t high = stop < values_.size() ? values_[stop] : range_.end;
      if (!fill(i, stop, low, high)) return false;
      low = values_[stop - 1];
      i = stop;
    }
    return true;
  }

  bool fill(std::size_t from, std::size_t stop, std::uint64_t low, std::uint64_t high) {
    for (std::size_t i = from; i < stop; ++i) {
      auto value = low + std::clamp<std::uint64_t>((high - low) / (stop - i + 1), 1, widest_gap);
      while (taken_.contains(static_cast<std::uint32_t>(value))) ++value;
      if (value >= high) return false;
      values_[i] = static_cast<std::uint32_t>(value);
      low = value;
    }
    return true;
  }

  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  Range range_;
  std::size_t begin_;
  const std::vector<std::optional<std::uint32_t>>& preferred_;
  const std::unordered_set<std::uint32_t>& taken_;
  std::vector<std::uint32_t> values_;
};
}  // namespace

std::vector<std::uint32_t> assign_priorities(const Configuration& configuration,
                                             const std::vector<std::uint32_t>& order,
                                             const std::vector<std::optional<std::uint32_t>>& preferred,
                                             const std::unordered_set<std::uint32_t>& taken) {
  std::vector<std::uint32_t> all;
  all.reserve(order.size());
  for (std::size_t begin = 0; begin < order.size();) {
    const auto range = class_range(configuration.policies[order[begin]].filter);
    std::size_t end = begin;
    while (end < order.size() && class_range(configuration.policies[order[end]].filter).first == range.first) ++end;
    const auto values = ClassAssignment(range, begin, end, preferred, taken).assign();
    all.insert(all.end(), values.begin(), values.end());
    begin = end;
  }
  return all;
}

}  // namespace ipsec9000
