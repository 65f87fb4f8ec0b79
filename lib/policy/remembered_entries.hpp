// The entries that the kernel was left with, by what they say alone: enough to tell, entry by entry, whether it still
// holds them, at 16 to 40 bytes each.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "policy/compile.hpp"

namespace ipsec9000 {

// What an entry says, in 64 bits. Two entries of one digest are taken for the same.
std::uint64_t digest_of(const PolicySpec& entry);

class RememberedEntries {
 public:
  // Instead of all that were remembered.
  void remember(std::span<const CompiledPolicy> entries);
  void add(const PolicySpec& entry, std::uint32_t place);  // the policy's place; 0: not of a policy
  void remove(const PolicySpec& entry);
  std::size_t size() const { return size_; }

  // A look at a kernel: see() for each entry of it, then what was missed. What is added meanwhile counts as seen in no
  // look but the next one.
  void begin_look();
  bool see(const PolicySpec& entry);  // whether this is one of them
  bool all_seen() const { return seen_ == size_; }
  bool is_missed(const PolicySpec& entry) const;  // one of them, and not seen
  // Sets places[p] for the place of each that was missed. In parts, so that nobody waits for all: `begin`: 0, then what
  // the part before gave; 0: that was all.
  std::size_t mark_missed(std::size_t begin, std::vector<bool>& places) const;

 private:
  struct Slot {
    std::uint64_t digest = 0;  // 0: free
    std::uint32_t place = 0;
    std::uint32_t look = 0;  // that saw it last
  };
  std::size_t home(std::uint64_t digest) const { return digest & (slots_.size() - 1); }
  std::size_t find(std::uint64_t digest) const;  // its slot, or the free one where it would be
  void insert(const Slot& slot);
  void make_room(std::size_t entries);

  std::vector<Slot> slots_;  // open addressing; a power of two, never full
  std::size_t size_ = 0;
  std::size_t seen_ = 0;  // by this look
  std::uint32_t look_ = 0;
};

}  // namespace ipsec9000
