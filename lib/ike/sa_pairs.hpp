// The register of SA pairs: who uses which SPI, what replaces what.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "ike/quick_mode.hpp"
#include "ike/types.hpp"

namespace ipsec9000::ike {

struct PairRecord {
  PairId id{};
  std::shared_ptr<const quick_mode::Pair> pair;
  bool complete = false;                 // false: the responder's, inbound only, until message 3
  bool retiring = false;                 // replaced; it goes when its timer is due
  std::optional<Identity> peer;          // who made it with us; not known of adopted ones
  bool silent = false;                   // we send, and nothing comes back
  std::optional<TimePoint> asked_again;  // the kernel asked for it when it was just complete
  std::uint64_t packets_in = 0;          // as last counted
  std::uint64_t packets_out = 0;
  TimePoint began{};  // when its negotiation began
  TimePoint made{};
  TimePoint completed{};
  // Order of events at this end, since two may share a tick: when its negotiation began, and when both directions
  // were there (the initiator gets there first).
  std::uint64_t began_order = 0;
  std::uint64_t completed_order = 0;
  // Of several pairs with one key the highest rank is to stay; see Core::pair_complete.
  bool we_choose = false;
  std::uint64_t rank = 0;
  std::string correlation;  // of the audit records of its negotiation; "" for an adopted one
  PairKey key() const { return PairKey::of(pair->protection); }
  bool outranks(const PairRecord& other) const {
    return std::tie(rank, began_order) > std::tie(other.rank, other.began_order);
  }
};

class SaPairs {
 public:
  PairId add(std::shared_ptr<const quick_mode::Pair> pair, bool complete, TimePoint began, TimePoint now);
  void remove(PairId id);
  PairRecord* find(PairId id);
  const PairRecord* find(PairId id) const;
  // By an SPI of either direction; `key` names the SA's own ends.
  PairRecord* find(const SaKey& key);
  const PairRecord* find(const SaKey& key) const;
  // By the SPI that the peer receives with.
  PairRecord* find_peer_spi(const IpAddress& remote, SaProtocol protocol, Spi spi);
  std::vector<PairId> with_remote(const IpAddress& remote) const;
  std::vector<PairId> with(const PairKey& key) const;  // oldest first
  template <class Predicate>
  std::vector<PairId> where(Predicate predicate) const;
  bool any_with(const IpAddress& remote) const { return by_remote_.contains(remote); }
  bool spi_in_use(Spi spi) const {
    return ours_.contains({SaProtocol::esp, spi}) || ours_.contains({SaProtocol::ah, spi});
  }
  std::size_t size() const { return records_.size(); }

 private:
  using OurSpi = std::pair<SaProtocol, Spi>;
  using PeerSpi = std::tuple<IpAddress, SaProtocol, Spi>;
  template <class Visit>
  static void each_spi(const Spis& spis, Visit visit);

  std::map<PairId, PairRecord> records_;
  std::multimap<PairKey, PairId> by_key_;
  std::multimap<IpAddress, PairId> by_remote_;
  std::map<OurSpi, PairId> ours_;
  std::map<PeerSpi, PairId> peers_;
  std::uint64_t last_ = 0;
};

// Every SA of a pair, as the kernel knows it; `complete` false: the inbound ones only.
std::vector<SaKey> sa_keys(const quick_mode::Pair& pair, bool complete = true);

template <class Predicate>
std::vector<PairId> SaPairs::where(Predicate predicate) const {
  std::vector<PairId> found;
  for (const auto& [id, record] : records_)
    if (predicate(record)) found.push_back(id);
  return found;
}

}  // namespace ipsec9000::ike
