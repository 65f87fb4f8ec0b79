#include "policy/remembered_entries.hpp"

#include <algorithm>
#include <bit>

#include "policy/tuple_space.hpp"

namespace ipsec9000 {

namespace {
// splitmix64
std::uint64_t mixed(std::uint64_t state, std::uint64_t value) {
  state += value + 0x9e3779b97f4a7c15u;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
  state = (state ^ (state >> 27)) * 0x94d049bb133111ebu;
  return state ^ (state >> 31);
}
std::uint64_t mixed(std::uint64_t state, const IpAddress& address) {
  const auto bits = bits_of(address);
  return mixed(mixed(mixed(state, address.bits()), bits.high), bits.low);
}
std::uint64_t mixed(std::uint64_t state, const PortMask& port) {
  return mixed(state, (std::uint64_t{port.value} << 16) | port.mask);
}

std::uint64_t mixed(std::uint64_t state, const KernelSelector& selector) {
  for (const auto& end : {selector.source, selector.destination})
    state = mixed(mixed(state, end.address()), end.length());
  state = mixed(state, static_cast<std::uint64_t>(selector.protocol));
  return mixed(mixed(state, selector.source_port), selector.destination_port);
}

std::uint64_t mixed(std::uint64_t state, const Template& layer) {
  state = mixed(state, static_cast<std::uint64_t>(layer.protocol));
  state = mixed(state, static_cast<std::uint64_t>(layer.mode));
  state = mixed(state, (std::uint64_t{layer.reqid} << 2) | (layer.optional ? 2u : 0u) | (layer.endpoints ? 1u : 0u));
  return layer.endpoints ? mixed(mixed(state, layer.endpoints->source), layer.endpoints->destination) : state;
}

constexpr std::size_t fewest_slots = 64;
}  // namespace

std::uint64_t digest_of(const PolicySpec& entry) {
  auto state = mixed(0, entry.selector);
  state = mixed(state, static_cast<std::uint64_t>(entry.direction));
  state = mixed(state, static_cast<std::uint64_t>(entry.action));
  state = mixed(state, (std::uint64_t{entry.priority} << 32) | entry.owner);
  state = mixed(state, entry.mark ? (std::uint64_t{entry.mark->value} << 32) | entry.mark->mask : 0);
  state = mixed(state, (std::uint64_t{entry.interface_id} << 1) | (entry.match_icmp_errors ? 1u : 0u));
  state = mixed(state, entry.templates.size());
  for (const auto& layer : entry.templates) state = mixed(state, layer);
  return state == 0 ? 1 : state;
}

void RememberedEntries::remember(std::span<const CompiledPolicy> entries) {
  slots_.clear();
  size_ = seen_ = 0;
  look_ = 0;
  make_room(entries.size());
  for (const auto& entry : entries) insert({digest_of(entry.spec), entry.place, 0});
}

void RememberedEntries::add(const PolicySpec& entry, std::uint32_t place) {
  make_room(size_ + 1);
  insert({digest_of(entry), place, 0});
}

// What stands behind it in the same run moves up, so that each is found from its home without a gap.
void RememberedEntries::remove(const PolicySpec& entry) {
  if (slots_.empty()) return;
  auto gap = find(digest_of(entry));
  if (slots_[gap].digest == 0) return;
  if (look_ != 0 && slots_[gap].look == look_) --seen_;
  --size_;
  const auto last = slots_.size() - 1;
  for (auto at = (gap + 1) & last; slots_[at].digest != 0; at = (at + 1) & last) {
    const auto from_home = (at - home(slots_[at].digest)) & last;
    if (from_home < ((at - gap) & last)) continue;
    slots_[gap] = slots_[at];
    gap = at;
  }
  slots_[gap] = {};
}

void RememberedEntries::begin_look() {
  seen_ = 0;
  if (++look_ != 0) return;
  for (auto& slot : slots_) slot.look = 0;  // after 2^32 looks
  look_ = 1;
}

bool RememberedEntries::see(const PolicySpec& entry) {
  if (slots_.empty()) return false;
  auto& slot = slots_[find(digest_of(entry))];
  if (slot.digest == 0) return false;
  if (slot.look != look_) ++seen_;
  slot.look = look_;
  return true;
}

bool RememberedEntries::is_missed(const PolicySpec& entry) const {
  if (slots_.empty()) return false;
  const auto& slot = slots_[find(digest_of(entry))];
  return slot.digest != 0 && slot.look != look_;
}

std::size_t RememberedEntries::mark_missed(std::size_t begin, std::vector<bool>& places) const {
  constexpr std::size_t part = 1u << 16u;  // less than a millisecond
  const auto end = std::min(begin + part, slots_.size());
  for (auto at = begin; at < end; ++at)
    if (slots_[at].digest != 0 && slots_[at].look != look_) places[slots_[at].place] = true;
  return end < slots_.size() ? end : 0;
}

std::size_t RememberedEntries::find(std::uint64_t digest) const {
  auto at = home(digest);
  while (slots_[at].digest != 0 && slots_[at].digest != digest) at = (at + 1) & (slots_.size() - 1);
  return at;
}

void RememberedEntries::insert(const Slot& slot) {
  auto& free = slots_[find(slot.digest)];
  if (free.digest != 0) return;
  free = slot;
  ++size_;
}

// Four of five slots are taken at most.
void RememberedEntries::make_room(std::size_t entries) {
  if (entries + entries / 4 < slots_.size()) return;
  const auto old = std::move(slots_);
  slots_.assign(std::max(fewest_slots, std::bit_ceil(entries + entries / 4 + 1)), {});
  size_ = 0;
  for (const auto& slot : old)
    if (slot.digest != 0) insert(slot);
}

}  // namespace ipsec9000
