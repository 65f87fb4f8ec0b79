#include "ike/sa_pairs.hpp"

namespace ipsec9000::ike {

template <class Visit>
void SaPairs::each_spi(const Spis& spis, Visit visit) {
  if (spis.ah) visit(SaProtocol::ah, *spis.ah);
  if (spis.esp) visit(SaProtocol::esp, *spis.esp);
}

// Removes the one entry of a multimap that has this key and this value.
template <class Map, class Key>
static void erase_entry(Map& map, const Key& key, PairId id) {
  const auto [begin, end] = map.equal_range(key);
  for (auto at = begin; at != end; ++at) {
    if (at->second != id) continue;
    map.erase(at);
    return;
  }
}

PairId SaPairs::add(std::shared_ptr<const quick_mode::Pair> pair, bool complete, TimePoint began, TimePoint now) {
  const auto id = static_cast<PairId>(++last_);
  const auto& remote = pair->protection.remote;
  each_spi(pair->ours, [&](SaProtocol protocol, Spi spi) { ours_[{protocol, spi}] = id; });
  each_spi(pair->peer, [&](SaProtocol protocol, Spi spi) { peers_[{remote, protocol, spi}] = id; });
  by_remote_.emplace(remote, id);
  PairRecord record;
  record.id = id;
  record.pair = std::move(pair);
  record.complete = complete;
  record.began = began;
  record.made = now;
  by_key_.emplace(record.key(), id);
  records_.emplace(id, std::move(record));
  return id;
}

void SaPairs::remove(PairId id) {
  const auto found = records_.find(id);
  if (found == records_.end()) return;
  const auto& record = found->second;
  const auto& remote = record.pair->protection.remote;
  // A peer may reuse an SPI; the entry is removed only while it is still this pair's.
  each_spi(record.pair->ours, [&](SaProtocol protocol, Spi spi) {
    if (const auto at = ours_.find({protocol, spi}); at != ours_.end() && at->second == id) ours_.erase(at);
  });
  each_spi(record.pair->peer, [&](SaProtocol protocol, Spi spi) {
    if (const auto at = peers_.find({remote, protocol, spi}); at != peers_.end() && at->second == id) peers_.erase(at);
  });
  erase_entry(by_remote_, remote, id);
  erase_entry(by_key_, record.key(), id);
  records_.erase(found);
}

PairRecord* SaPairs::find(PairId id) {
  const auto found = records_.find(id);
  return found == records_.end() ? nullptr : &found->second;
}

const PairRecord* SaPairs::find(PairId id) const {
  const auto found = records_.find(id);
  return found == records_.end() ? nullptr : &found->second;
}

const PairRecord* SaPairs::find(const SaKey& key) const {
  if (const auto ours = ours_.find({key.protocol, key.spi}); ours != ours_.end()) {
    const auto* record = find(ours->second);
    if (record != nullptr && record->pair->protection.local == key.destination) return record;
  }
  if (const auto theirs = peers_.find({key.destination, key.protocol, key.spi}); theirs != peers_.end())
    return find(theirs->second);
  return nullptr;
}

PairRecord* SaPairs::find(const SaKey& key) { return const_cast<PairRecord*>(std::as_const(*this).find(key)); }

PairRecord* SaPairs::find_peer_spi(const IpAddress& remote, SaProtocol protocol, Spi spi) {
  const auto found = peers_.find({remote, protocol, spi});
  return found == peers_.end() ? nullptr : find(found->second);
}

std::vector<PairId> SaPairs::with_remote(const IpAddress& remote) const {
  std::vector<PairId> ids;
  const auto [begin, end] = by_remote_.equal_range(remote);
  for (auto at = begin; at != end; ++at) ids.push_back(at->second);
  return ids;
}

std::vector<PairId> SaPairs::with(const PairKey& key) const {
  std::vector<PairId> ids;
  const auto [begin, end] = by_key_.equal_range(key);
  for (auto at = begin; at != end; ++at) ids.push_back(at->second);
  return ids;
}

std::vector<SaKey> sa_keys(const quick_mode::Pair& pair, bool complete) {
  const auto& local = pair.protection.local;
  const auto& remote = pair.protection.remote;
  std::vector<SaKey> keys;
  const auto add = [&](const IpAddress& source, const IpAddress& destination, const Spis& spis) {
    if (spis.ah) keys.push_back({source, destination, SaProtocol::ah, *spis.ah});
    if (spis.esp) keys.push_back({source, destination, SaProtocol::esp, *spis.esp});
  };
  add(remote, local, pair.ours);
  if (complete) add(local, remote, pair.peer);
  return keys;
}

}  // namespace ipsec9000::ike
