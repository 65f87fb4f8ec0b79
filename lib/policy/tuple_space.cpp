#include "policy/tuple_space.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "policy/port_blocks.hpp"

namespace ipsec9000 {

namespace {
constexpr std::uint64_t top_bits(unsigned count) {
  if (count == 0) return 0;
  return count >= 64 ? ~std::uint64_t{0} : ~std::uint64_t{0} << (64 - count);
}

// The finalizer of a multiplicative hash: every bit of the input reaches every bit of the output.
constexpr std::uint64_t mix(std::uint64_t value) {
  value ^= value >> 32;
  value *= 0x9e3779b97f4a7c15;
  value ^= value >> 29;
  value *= 0xd6e8feb86659fd93;
  return value ^ (value >> 32);
}

TupleKey key_of(const Packet& packet) {
  return {bits_of(packet.local), bits_of(packet.remote), packet.local_port, packet.remote_port,
          static_cast<std::uint8_t>(packet.protocol)};
}

TupleMask mask_of(const Filter& filter, Family family, PortBlock local_port, PortBlock remote_port) {
  return {static_cast<std::uint8_t>(filter.local_prefix(family).length()),
          static_cast<std::uint8_t>(filter.remote_prefix(family).length()), filter.protocol != IpProtocol::any,
          local_port.mask, remote_port.mask};
}

TupleKey key_of(const Filter& filter, Family family, PortBlock local_port, PortBlock remote_port) {
  return {bits_of(filter.local_prefix(family).address()), bits_of(filter.remote_prefix(family).address()),
          local_port.value, remote_port.value, static_cast<std::uint8_t>(filter.protocol)};
}
}  // namespace

AddressBits bits_of(const IpAddress& address) {
  std::array<std::uint64_t, 2> words{};
  const auto bytes = address.bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) words[i / 8] |= std::uint64_t{bytes[i]} << (56 - 8 * (i % 8));
  return {words[0], words[1]};
}

AddressBits AddressBits::masked(unsigned length) const {
  return {high & top_bits(length), length <= 64 ? 0 : low & top_bits(length - 64)};
}

std::size_t HashTupleKey::operator()(const TupleKey& key) const noexcept {
  std::uint64_t hash = mix(key.local.high + 0x1234567);
  hash = mix(hash ^ key.local.low);
  hash = mix(hash ^ key.remote.high);
  hash = mix(hash ^ key.remote.low);
  const std::uint64_t rest =
      std::uint64_t{key.local_port} << 24 | std::uint64_t{key.remote_port} << 8 | std::uint64_t{key.protocol};
  return mix(hash ^ rest);
}

std::size_t TupleSpace::HashMask::operator()(const TupleMask& mask) const noexcept {
  return mix(std::uint64_t{mask.local_length} << 48 | std::uint64_t{mask.remote_length} << 40 |
             std::uint64_t{mask.protocol} << 32 | std::uint64_t{mask.local_port} << 16 | mask.remote_port);
}

TupleKey TupleMask::apply(const TupleKey& key) const {
  return {key.local.masked(local_length), key.remote.masked(remote_length),
          static_cast<std::uint16_t>(key.local_port & local_port),
          static_cast<std::uint16_t>(key.remote_port & remote_port), protocol ? key.protocol : std::uint8_t{0}};
}

bool TupleMask::covers(const TupleMask& narrower) const {
  return local_length <= narrower.local_length && remote_length <= narrower.remote_length &&
         (!protocol || narrower.protocol) && (local_port & ~narrower.local_port) == 0 &&
         (remote_port & ~narrower.remote_port) == 0;
}

RankTable::Slot& RankTable::slot_for(const TupleKey& key) {
  const std::size_t last = slots_.size() - 1;
  auto at = HashTupleKey{}(key)&last;
  while (slots_[at].rank != empty && slots_[at].key != key) at = (at + 1) & last;
  return slots_[at];
}

void RankTable::grow() {
  constexpr std::size_t smallest = 4;
  const auto old = std::exchange(slots_, std::vector<Slot>(std::max(smallest, 2 * slots_.size())));
  for (const auto& slot : old)
    if (slot.rank != empty) slot_for(slot.key) = slot;
}

void RankTable::add(const TupleKey& key, std::uint32_t rank) {
  if (2 * (used_ + 1) > slots_.size()) grow();
  auto& slot = slot_for(key);
  if (slot.rank != empty) return;
  slot = {key, rank};
  ++used_;
}

std::optional<std::uint32_t> RankTable::find(const TupleKey& key) const {
  if (slots_.empty()) return std::nullopt;
  const std::size_t last = slots_.size() - 1;
  for (auto at = HashTupleKey{}(key)&last; slots_[at].rank != empty; at = (at + 1) & last)
    if (slots_[at].key == key) return slots_[at].rank;
  return std::nullopt;
}

void RankTable::remove(const TupleKey& key) {
  if (slots_.empty()) return;
  const std::size_t last = slots_.size() - 1;
  auto hole = static_cast<std::size_t>(&slot_for(key) - slots_.data());
  if (slots_[hole].rank == empty) return;
  --used_;
  // Whatever would no longer be found past the hole moves into it.
  for (auto at = (hole + 1) & last; slots_[at].rank != empty; at = (at + 1) & last) {
    const auto home = HashTupleKey{}(slots_[at].key) & last;
    if (((at - home) & last) < ((at - hole) & last)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = {};
}

TupleSpace::Group& TupleSpace::group_for(const TupleMask& mask, std::uint32_t rank) {
  const auto [at, fresh] = positions_.try_emplace(mask, groups_.size());
  if (fresh) groups_.push_back({mask, rank, {}});
  assert(groups_[at->second].lowest_rank <= rank);
  return groups_[at->second];
}

template <class Take>
void TupleSpace::for_each_key(const Filter& filter, Take take) const {
  if (!filter.allows(family_)) return;
  const auto local_blocks = port_blocks(filter.local_port);
  const auto remote_blocks = port_blocks(filter.remote_port);
  for (const auto& local : local_blocks)
    for (const auto& remote : remote_blocks)
      take(mask_of(filter, family_, local, remote), key_of(filter, family_, local, remote));
}

void TupleSpace::add(const Filter& filter, std::uint32_t rank) {
  for_each_key(filter, [&](const TupleMask& mask, const TupleKey& key) { group_for(mask, rank).ranks.add(key, rank); });
}

bool TupleSpace::can_replace(const Filter& after, std::uint32_t rank) const {
  bool can = true;
  for_each_key(after, [&](const TupleMask& mask, const TupleKey&) {
    const auto at = positions_.find(mask);
    can = can && at != positions_.end() && groups_[at->second].lowest_rank <= rank;
  });
  return can;
}

void TupleSpace::replace(const Filter& before, const Filter& after, std::uint32_t rank) {
  for_each_key(before, [&](const TupleMask& mask, const TupleKey& key) { group_for(mask, rank).ranks.remove(key); });
  add(after, rank);
}

std::optional<std::uint32_t> TupleSpace::find(const Packet& packet) const {
  std::optional<std::uint32_t> best;
  if (packet.local.family() != family_ || packet.remote.family() != family_) return best;
  const auto key = key_of(packet);
  for (const auto& group : groups_) {
    if (best && *best < group.lowest_rank) break;
    const auto found = group.ranks.find(group.mask.apply(key));
    if (found && (!best || *found < *best)) best = found;
  }
  return best;
}

std::vector<std::uint32_t> TupleSpace::covering_candidates(const Filter& filter, std::uint32_t rank) const {
  std::vector<std::uint32_t> candidates;
  if (!filter.allows(family_)) return candidates;
  const auto local = port_blocks(filter.local_port).front();
  const auto remote = port_blocks(filter.remote_port).front();
  const auto mask = mask_of(filter, family_, local, remote);
  const auto key = key_of(filter, family_, local, remote);
  for (const auto& group : groups_) {
    if (group.lowest_rank >= rank) break;
    if (!group.mask.covers(mask)) continue;
    const auto found = group.ranks.find(group.mask.apply(key));
    if (found && *found < rank) candidates.push_back(*found);
  }
  return candidates;
}

}  // namespace ipsec9000
