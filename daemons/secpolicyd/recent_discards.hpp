// Packets that were dropped lately: a connection that the kernel refuses leaves nothing else to list.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "policy/matcher.hpp"
#include "xfrm/types.hpp"

namespace ipsec9000 {

// As far as the kernel shows it: the packet's own five values; outbound, where a packet is refused before there is one
// and nothing tells of the attempt, the selector of the entry that it met.
struct SeenDiscard {
  KernelSelector packets;
  Direction direction = Direction::out;
  std::string policy;                   // "default" where there is none
  unsigned place = 0;                   // of the policy, then
  Decision action = Decision::discard;  // secure: it came in clear
  bool by_filter = false;               // `packets` is the entry's selector
  auto operator<=>(const SeenDiscard&) const = default;
};

class RecentDiscards {
 public:
  static constexpr std::size_t most = 1000;  // the one that is quiet longest makes room
  static constexpr Duration kept_for{600'000};

  struct Entry {
    SeenDiscard seen;
    std::uint64_t count = 0;
    TimePoint last{};
  };
  void add(const SeenDiscard& seen, std::uint64_t count, TimePoint now);
  std::vector<Entry> all(TimePoint now) const;  // the latest first

 private:
  std::vector<Entry> entries_;  // the latest last
};

}  // namespace ipsec9000
