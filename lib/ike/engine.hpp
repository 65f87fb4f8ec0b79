// The IKE engine: every negotiation and every SA of this host, without a socket or a clock. Whoever owns it calls an
// entry point with what happened and the time, then carries out take_actions() in order.
//
// Entry points never throw and accept anything from the network. Times must not run backwards between calls.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "ike/fragments.hpp"
#include "ike/types.hpp"

namespace ipsec9000::ike {

// An SA pair that an earlier run of the daemon made, found in the kernel.
struct AdoptedPair {
  Protection protection;  // as far as it is known; `policy` may be empty
  std::optional<Spi> in_esp, out_esp, in_ah, out_ah;
  std::uint64_t age_seconds = 0;
  std::optional<UdpPorts> udp;  // of the inbound SA
};

struct TrafficSample {
  SaKey key;
  std::uint64_t packets = 0;
};

// What the engine knows about an SA that the kernel does not.
struct SaFacts {
  std::string policy;
  Transform transform;
};

struct Counters {
  std::size_t isakmp_sas = 0;   // established
  std::size_t negotiating = 0;  // phase 1 under way
  std::size_t quick_modes = 0;  // phase 2 under way
  std::size_t pairs = 0;
  std::size_t ipsec_sas = 0;  // two a pair, four where AH and ESP are nested
};

struct Limits {
  std::size_t half_open = 10'000;                   // responder's negotiations before message 3; the oldest gives way
  std::size_t quick_modes_per_session = 64;         // a peer's Quick Modes under way at once
  unsigned aggressive_per_second = 20;              // first messages of Aggressive Mode that are computed for
  std::size_t unfragmented = largest_unfragmented;  // bytes of a message; longer ones are cut, if the peer can do it
  std::size_t exchanges_per_session = 65'536;       // then an ISAKMP SA is ended: every message id is remembered
};

class Core;

class Engine {
 public:
  // Both must live as long as the engine.
  Engine(RandomSource& random, const Credentials& credentials, Limits limits = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The ISAKMP policies in force, in file order. Negotiations under way keep theirs.
  void configure(std::vector<IsakmpPolicy> policies);

  void receive(const Datagram& datagram, TimePoint now);
  // Protection is wanted. Does nothing when the same is being negotiated already.
  void acquire(const Protection& protection, TimePoint now);
  // Of the audit records of the negotiation under way for this protection; "" when there is none.
  std::string correlation_of(const Protection& protection) const;
  void job_done(JobId id, const Result<JobOutcome>& outcome, TimePoint now);
  void policy_answered(QueryId id, const Result<Protection>& answer, TimePoint now);
  void install_failed(PairId pair, const std::string& reason, TimePoint now);
  // The kernel says that an SA reached a limit. Soft: a new pair is negotiated. Hard: the pair is gone.
  void sa_expired(const SaKey& key, bool hard, TimePoint now);
  // Somebody else has deleted this SA in the kernel. What is left of its pair goes, the peer is told, and a new pair is
  // negotiated at once, because the peer may be sending with what we no longer have.
  void sa_vanished(const SaKey& key, TimePoint now);
  // The SAs of ours that the kernel has; those of the engine that are not among them have vanished.
  void sas_present(const std::vector<TrafficSample>& present, TimePoint now);
  // What the kernel has counted for SAs of ours, a few seconds after the last such call. A peer that we send to and
  // that sends nothing back is asked whether it lives (RFC 3706), and its SAs are dropped when it does not answer.
  void traffic(const std::vector<TrafficSample>& samples, TimePoint now);
  // The kernel says that an authenticated packet of this inbound SA came from there: the peer's address translation has
  // moved it.
  void peer_moved(const SaKey& key, const Endpoint& from, TimePoint now);
  void on_timer(TimePoint now);
  // When on_timer wants to be called next; nothing: not at all.
  std::optional<TimePoint> next_deadline() const;

  // Deletes every SA with this peer, tells it, and returns how many of each there were.
  struct Deleted {
    std::size_t isakmp_sas = 0;
    std::size_t ipsec_sas = 0;
    // IPSec SAs for whose Delete there is no ISAKMP SA (RFC 2408, 5.15: it is protected by one): those adopted at the
    // start, and those that outlived the ISAKMP SA under which they were made. They are deleted here at once, and one
    // is negotiated to tell the peer. How many of this call or an earlier one, by the number that FarewellEnded will
    // have when that is over.
    std::map<std::uint64_t, std::size_t> telling;
    std::size_t being_told() const;  // their sum
    std::size_t untold = 0;          // of which the peer is not told, because none can even be begun
  };
  Deleted delete_peer(const IpAddress& remote, TimePoint now);
  // Their policies are gone: deletes the SAs with these reqids, and tells the peers.
  void forget(const std::vector<std::uint32_t>& reqids, TimePoint now);
  void adopt(const AdoptedPair& pair, TimePoint now);
  // Peers that could not be told yet are not told any more.
  void give_up_farewells(TimePoint now);
  // Deletes everything and tells every peer.
  void shutdown(TimePoint now);

  Actions take_actions();

  // From now on every message is told of by a TraceMessage: what goes out before it goes, what came in before what it
  // causes. Of what is cut into fragments both the fragments and the whole are shown. Never a key.
  void trace(bool on);

  std::vector<MadEntry> isakmp_sas(TimePoint now) const;  // established ones, oldest first
  std::optional<SaFacts> facts_of(const SaKey& key) const;
  Counters counters() const;
  // What must hold between calls; a sentence about what does not, for tests.
  std::optional<std::string> inconsistency() const;

 private:
  friend struct EngineSnapshot;  // tests: goes back to an earlier state, borrows an ISAKMP SA's keys
  std::unique_ptr<Core> core_;
};

}  // namespace ipsec9000::ike
