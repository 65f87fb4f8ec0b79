// Tuple-space search: one hash table for each combination of masks that occurs, so that finding the winner costs one
// probe for each combination and not one comparison for each policy.
#pragma once
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "policy/configuration.hpp"

namespace ipsec9000 {

// An address with its first bit on top, whatever its family.
struct AddressBits {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  AddressBits masked(unsigned length) const;
  bool operator==(const AddressBits&) const = default;
};
AddressBits bits_of(const IpAddress& address);

struct TupleKey {
  AddressBits local;
  AddressBits remote;
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  std::uint8_t protocol = 0;
  bool operator==(const TupleKey&) const = default;
};
struct HashTupleKey {
  std::size_t operator()(const TupleKey& key) const noexcept;
};

struct TupleMask {
  std::uint8_t local_length = 0;
  std::uint8_t remote_length = 0;
  bool protocol = false;
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  auto operator<=>(const TupleMask&) const = default;

  TupleKey apply(const TupleKey& key) const;
  bool covers(const TupleMask& narrower) const;  // everything that this mask compares, the other one compares too
};

// From keys to ranks, in one array: a query costs one cache miss, however many policies there are.
class RankTable {
 public:
  void add(const TupleKey& key, std::uint32_t rank);  // an equal key of lower rank stays
  std::optional<std::uint32_t> find(const TupleKey& key) const;
  void remove(const TupleKey& key);

 private:
  static constexpr std::uint32_t empty = 0xffffffff;  // no rank
  struct Slot {
    TupleKey key;
    std::uint32_t rank = empty;
  };
  Slot& slot_for(const TupleKey& key);
  void grow();

  std::vector<Slot> slots_;  // a power of two, at most half of them used
  std::size_t used_ = 0;
};

// The filters of one address family. A rank is a place in the order of selection; the lowest wins.
class TupleSpace {
 public:
  explicit TupleSpace(Family family) : family_(family) {}

  // Does nothing for a filter of the other family. Ranks must come in ascending order.
  void add(const Filter& filter, std::uint32_t rank);
  // Whether replace() can put `after` where `before` is: there are filters of the same masks already, down to this
  // rank.
  bool can_replace(const Filter& after, std::uint32_t rank) const;
  // No other filter may have an equal key with one of the two, except by what is common to them.
  void replace(const Filter& before, const Filter& after, std::uint32_t rank);
  // The lowest rank that matches.
  std::optional<std::uint32_t> find(const Packet& packet) const;
  // Ranks below `rank` whose filters may contain this one: at most one for each combination of masks.
  std::vector<std::uint32_t> covering_candidates(const Filter& filter, std::uint32_t rank) const;
  std::size_t combinations() const { return groups_.size(); }

 private:
  struct Group {
    TupleMask mask;
    std::uint32_t lowest_rank;  // none of its filters is below it
    RankTable ranks;
  };
  Group& group_for(const TupleMask& mask, std::uint32_t rank);
  template <class Take>
  void for_each_key(const Filter& filter, Take take) const;

  Family family_;
  std::vector<Group> groups_;  // by lowest rank, which is the order in which they were made
  struct HashMask {
    std::size_t operator()(const TupleMask& mask) const noexcept;
  };
  std::unordered_map<TupleMask, std::size_t, HashMask> positions_;
};

}  // namespace ipsec9000
