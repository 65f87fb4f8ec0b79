// The inside of the engine: its state and the steps between. Internal to lib/ike; the parts are in
// engine_phase1.cpp, engine_certificates.cpp, engine_phase2.cpp, engine_informational.cpp, engine_liveness.cpp,
// engine_renewal.cpp, engine_fragments.cpp, engine_nat.cpp, engine_pairs.cpp and engine_farewell.cpp.
#pragma once
#include <deque>
#include <map>
#include <set>
#include <unordered_map>

#include "ike/engine.hpp"
#include "ike/phase1_states.hpp"
#include "ike/quick_mode.hpp"
#include "ike/sa_pairs.hpp"
#include "ike/timers.hpp"

namespace ipsec9000::ike {

// What both phases keep about an exchange so that repeated messages get the same answer.
struct Dialogue {
  Bytes last_received;  // digest of the last message that was acted on
  Bytes refused;        // digest of the last one refused, so that it is recorded once
  Bytes last_sent;
  Retransmission retransmission;
  TimePoint began{};
  std::uint64_t began_order = 0;
  std::string correlation;
  std::string heard;      // an unprotected hint from the peer: "no-proposal-chosen"
  Difference difference;  // and what it said about the reason, if one of ours
  bool reported = false;  // why it will fail is recorded already
};

// Phase 1 while a message that claims to be the peer's proof is verified: what to go back to, and where it came from.
struct Suspended {
  Bytes last_received;
  Bytes last_sent;
  Endpoint local;
  Endpoint remote;
};

struct QuickExchange {
  std::uint32_t message_id = 0;
  Role role = Role::initiator;
  quick_mode::State state;
  Channel first;  // the exchange's first IV
  Dialogue dialogue;
  std::optional<PairKey> negotiates;  // as initiator: kept in Core::negotiating_ meanwhile
  std::optional<Protection> wanted;   // ours to start ourselves if this one fails
  std::string policy;
  unsigned place = 0;
  std::optional<PairId> half;
  std::vector<Spi> reserved;
};

// An R-U-THERE that has not been answered (RFC 3706, 5).
struct Probe {
  std::uint32_t sequence = 0;
  unsigned sent = 0;
};

// Of pairs that are gone here the peer is still to be told.
struct Farewell {
  std::uint64_t number = 0;
  std::vector<std::shared_ptr<const quick_mode::Pair>> pairs;
  IpAddress remote() const { return pairs.front()->protection.remote; }
  std::size_t sas() const;
};

// What the engine wants done. A copy of the engine's state does not want it a second time.
struct Outbox : Actions {
  Outbox() = default;
  Outbox(const Outbox&) : Actions() {}  // NOLINT(bugprone-copy-constructor-init): that is its purpose
  Outbox& operator=(const Outbox&) = delete;
};

enum class SessionId : std::uint64_t {};
constexpr std::uint64_t number(SessionId id) { return static_cast<std::uint64_t>(id); }

// One ISAKMP SA, under way or established.
struct Session {
  SessionId id{};
  Role role = Role::initiator;
  Endpoint local;
  Endpoint remote;
  wire::ExchangeType exchange = wire::ExchangeType::main_mode;  // of phase 1
  wire::Cookies cookies;
  std::shared_ptr<const IsakmpPolicy> policy;
  std::shared_ptr<const pki::Credential> own;  // with signatures
  std::vector<Bytes> requested;                // CAs of which the peer wants our certificate; see heed_requests
  std::optional<phase1::State> negotiation;    // gone some time after it is done
  std::optional<phase1::Established> sa;
  Dialogue dialogue;
  std::optional<Suspended> suspended;
  TimePoint established{};
  std::deque<Protection> waiting;  // Quick Modes to start once it is established
  std::map<std::uint32_t, QuickExchange> quick;
  std::set<std::uint32_t> used_message_ids;
  NatFound nat;                // as far as it is known
  bool fragmentation = false;  // both ends have announced it
  std::uint16_t last_fragment_id = 0;
  Reassembly reassembly;
  bool unconfirmed = false;  // nothing has come since our last message of phase 1, which nobody answers
  std::uint32_t quick_modes = 0;
  std::optional<Probe> probe;        // we asked whether it lives
  bool closing = false;              // no new Quick Modes of ours
  bool renews = false;               // begun to replace an older one
  std::optional<Farewell> farewell;  // once there are keys
  TimePoint recovered{};             // when we last began anew because the peer does not know this one
};

class Core {
 public:
  Core(RandomSource& random, const Credentials& credentials, Limits limits)
      : random_(random), credentials_(credentials), limits_(limits) {}

  // ---- engine.cpp: entry points
  void receive(const Datagram& datagram, TimePoint now);
  void job_done(JobId id, const Result<JobOutcome>& outcome, TimePoint now);
  void policy_answered(QueryId id, const Result<Protection>& answer, TimePoint now);
  void on_timer(TimePoint now);
  void shutdown(TimePoint now);
  std::vector<MadEntry> isakmp_sas(TimePoint now) const;
  Counters counters() const;
  std::optional<std::string> inconsistency() const;

  // ---- engine_liveness.cpp: dead peer detection
  void traffic(const std::vector<TrafficSample>& samples, TimePoint now);

  // ---- engine_nat.cpp: address translation
  void peer_moved(const SaKey& key, const Endpoint& from, TimePoint now);

  // ---- engine_pairs.cpp: SA pairs
  void acquire(const Protection& protection, TimePoint now);
  std::string correlation_of(const Protection& protection) const;
  void install_failed(PairId pair, const std::string& reason, TimePoint now);
  void sa_expired(const SaKey& key, bool hard, TimePoint now);
  void sa_vanished(const SaKey& key, TimePoint now);
  void sas_present(const std::vector<TrafficSample>& present, TimePoint now);
  Engine::Deleted delete_peer(const IpAddress& remote, TimePoint now);
  void forget(const std::vector<std::uint32_t>& reqids, TimePoint now);
  void adopt(const AdoptedPair& pair, TimePoint now);

  // ---- engine_farewell.cpp
  void give_up_farewells(TimePoint now);

  std::vector<std::shared_ptr<const IsakmpPolicy>> policies_;
  Outbox actions_;
  TimerQueue timers_;
  SaPairs pairs_;

 private:
  friend class Engine;
  friend struct EngineSnapshot;
  // ---- engine.cpp
  Session* find_session(SessionId id);
  Session* find_session(const wire::Header& header, const Datagram& datagram);
  void dispatch(Session& session, const wire::Header& header, const Datagram& datagram, TimePoint now);
  void send(const Session& session, const Bytes& bytes);
  void note(const AuditEvent& event, const AuditFields& fields, const std::string& correlation);
  bool allowed_to_note(const AuditEvent& event, TimePoint now);
  void retransmission_due(Session& session, std::uint32_t message_id, TimePoint now);
  void remove_session(SessionId id);
  void abandon_waiting(Session& session);
  bool is_repeated(Session& session, Dialogue& dialogue, const Bytes& digest);

  // ---- engine_phase1.cpp
  const std::shared_ptr<const IsakmpPolicy>* policy_for(const IpAddress& remote) const;
  // Null: impossible, and recorded why. `wanted`: to be negotiated in it, if anything.
  using Ends = std::pair<Endpoint, Endpoint>;  // ours, the peer's
  Session* start_phase1(const Ends& ends, const Protection* wanted, TimePoint now);
  bool first_refusal(wire::Cookie initiator);
  void first_message(const wire::Header& header, const Datagram& datagram, TimePoint now);
  phase1::Outcome respond(const phase1::Event& first, const phase1::Context& context, TimePoint now);
  void began(Session& session, phase1::Step step, const Datagram& datagram, TimePoint now);
  void receive_phase1(Session& session, const wire::Header& header, const Datagram& datagram, TimePoint now);
  void advance_phase1(Session& session, const phase1::Event& event, const Datagram* from, const Bytes& digest,
                      TimePoint now);
  void apply_phase1(Session& session, phase1::Step step, TimePoint now);
  void established(Session& session, phase1::Established sa, TimePoint now);
  void suspend(Session& session, const Datagram& from, const Bytes& received);
  void resume(Session& session, phase1::Retreat retreat, TimePoint now);
  void refuse_phase1(Session& session, const Refusal& refusal, const Bytes& digest, TimePoint now);
  void fail_phase1(SessionId id, const AuditEvent& event, AuditFields fields, FailureRecord failure, TimePoint now);
  void phase1_timeout(Session& session, TimePoint now);
  void tell_refused(Session& session, const Refusal& refusal);
  void answer_in_clear(const Endpoint& local, const Endpoint& remote, const wire::Cookies& cookies,
                       std::uint16_t notify, const Difference& difference, std::size_t received);
  Session& new_session(Role role, const Endpoint& local, const Endpoint& remote,
                       std::shared_ptr<const IsakmpPolicy> policy, TimePoint now);
  void register_cookie(Session& session);
  void drop_oldest_half_open();
  void no_longer_half_open(const Session& session);
  phase1::Context context_for(const Session& session) const;

  // ---- engine_certificates.cpp: which one of ours the peer wants
  void heed_requests(Session& session, const std::vector<Bytes>& authorities);
  void note_tolerated(const Session& session, const VerifyOutcome& outcome);
  static std::string why_unwanted(const Session& session);

  // ---- engine_phase2.cpp
  bool start_quick(Session& session, const Protection& protection, TimePoint now);
  void receive_quick_mode(Session& session, const wire::Header& header, const Datagram& datagram, TimePoint now);
  void first_quick_message(Session& session, const wire::Header& header, const Datagram& datagram, const Bytes& digest,
                           TimePoint now);
  void advance_quick(Session& session, QuickExchange& exchange, const quick_mode::Event& event, const Datagram* from,
                     const Bytes& digest, TimePoint now);
  void apply_quick(Session& session, QuickExchange& exchange, quick_mode::Step step, TimePoint now);
  bool we_choose(const Session& session) const;
  static bool has_room(const Session& session);
  void quick_mode_used(Session& session, TimePoint now);
  void refuse_quick(Session& session, QuickExchange& exchange, const Refusal& refusal, const Bytes& digest,
                    TimePoint now);
  void fail_quick(Session& session, std::uint32_t message_id, const AuditEvent& event, AuditFields fields,
                  FailureRecord failure, TimePoint now);
  void limit_finished(Session& session, TimePoint now);
  void forget_quick(Session& session, std::uint32_t message_id, TimePoint now);
  void end_quick(Session& session, std::uint32_t message_id, TimePoint now);
  void quick_timeout(Session& session, QuickExchange& exchange, TimePoint now);
  Spis fresh_spis(QuickExchange& exchange);
  quick_mode::Context quick_context(Session& session, const QuickExchange& exchange, const Spis& fresh) const;

  // ---- engine_informational.cpp
  void receive_informational(Session& session, const wire::Header& header, const Datagram& datagram, TimePoint now);
  void refusal_of_proof(Session& session, const wire::Header& header, const Datagram& datagram, TimePoint now);
  void proof_refused(Session& session, const wire::Notification& notification, TimePoint now);
  void unprotected_notification(Session& session, const wire::Header& header, const Datagram& datagram);
  void deletion_received(Session& session, const wire::Deletion& deletion, TimePoint now);
  void notification_received(Session& session, const wire::Notification& notification, TimePoint now);
  void unknown_session(const wire::Header& header, const Datagram& datagram, TimePoint now);
  void recover(Session& session, TimePoint now);
  void unknown_spi(const IpAddress& remote, const wire::Notification& notification, TimePoint now);
  void refused_by_peer(Session& session, const wire::Notification& notification, TimePoint now);
  void send_informational(Session& session, std::vector<wire::Payload> payloads);
  void send_delete(Session& session, const quick_mode::Pair& pair);
  void close_session(SessionId id, TimePoint now);  // with a Delete to the peer
  Session* usable_session(const IpAddress& local, const IpAddress& remote, bool for_quick_mode);

  // ---- engine_farewell.cpp
  // The session that will tell the peer of this pair; null as start_phase1.
  Session* farewell_session(const quick_mode::Pair& pair, TimePoint now);
  void take_over_farewells(Session& session);
  void farewell_possible(Session& session, TimePoint now);
  void say_farewell(Session& session);  // it may be gone then
  void farewell_in_vain(Session& session);

  // ---- engine_liveness.cpp
  void check_liveness(const PairRecord& pair, TimePoint now);
  void send_probe(Session& session, TimePoint now);
  void probe_answered(Session& session, const wire::Notification& answer);
  void peer_dead(const IpAddress& remote, std::string_view reason);

  // ---- engine_renewal.cpp: ISAKMP SAs that grow old
  void plan_renewal(const Session& session, TimePoint now);
  void renewal_due(const Session& session, TimePoint now);
  void retire_predecessors(const Session& session, TimePoint now);
  void session_end_due(Session& session, TimePoint now);

  // ---- engine_fragments.cpp
  void send_message(Session& session, const Bytes& message);  // in fragments where it must be
  void receive_fragment(Session& session, const wire::Header& header, const Datagram& datagram, TimePoint now);

  // ---- engine_trace.cpp
  TraceMessage trace_of(const Datagram& datagram, bool sent) const;
  void trace_before(std::size_t position, const Datagram& received);
  Actions with_sent_traced(Actions actions) const;

  // ---- engine_nat.cpp
  static bool may_come_from(const Session& session, const Endpoint& remote);
  void float_ports(Session& session);
  void follow(Session& session, const Datagram& authenticated);
  void move_pairs(const Endpoint& from, const Endpoint& to);
  void keepalive_due(TimePoint now);
  static Ends ends_of(const quick_mode::Pair& pair);
  Ends ends_to(const IpAddress& local, const IpAddress& remote) const;

  // ---- engine_pairs.cpp
  void begin(const Protection& protection, TimePoint now);
  void acquire_failed(const PairKey& wanted);
  PairRecord* just_complete(const PairKey& key, TimePoint now);
  void renew(const Protection& protection, TimePoint now);
  void pair_complete(PairId id, TimePoint now);
  void give_rank(PairRecord& record);
  void retire(PairId id, bool ours_to_act, TimePoint now);
  void retirement_due(PairId id);
  void drop_pair(PairId id, bool tell_peer, std::string_view reason);
  void drop_used_up(PairId id, bool tell_peer, std::string_view reason, TimePoint now);
  void initial_contact(const Session& session);

  std::shared_ptr<Transcript> transcript_ = std::make_shared<Transcript>();
  RandomSource& random_;
  const Credentials& credentials_;
  Limits limits_;
  std::map<SessionId, Session> sessions_;
  std::unordered_map<std::uint64_t, SessionId> by_cookie_;            // our cookie
  std::map<std::pair<Endpoint, wire::Cookie>, SessionId> half_open_;  // responder's, before message 3
  std::set<SessionId> half_open_ids_;                                 // the same ones, oldest first
  std::multimap<IpAddress, SessionId> by_remote_;
  std::map<JobId, std::pair<SessionId, std::uint32_t>> jobs_;  // message id 0: phase 1
  std::map<QueryId, std::pair<SessionId, std::uint32_t>> queries_;
  std::set<PairKey> negotiating_;  // as initiator
  std::set<Spi> reserved_spis_;
  std::deque<wire::Cookie> refused_first_;  // the last first messages refused, so that each is recorded once
  std::uint64_t last_session_ = 0;
  std::uint64_t last_job_ = 0;
  std::uint64_t last_query_ = 0;
  std::uint64_t last_farewell_ = 0;
  std::uint64_t order_ = 0;  // of events, see PairRecord
  TimePoint note_window_{};
  unsigned notes_in_window_ = 0;
  TimePoint aggressive_window_{};
  unsigned aggressive_in_window_ = 0;
  TimePoint now_{};  // of the entry point under way, for records
};

// How a notification or a Delete names an ISAKMP SA.
Bytes cookie_spi(const wire::Cookies& cookies);

inline constexpr Duration responder_patience = seconds(31);  // for the initiator's next message
inline constexpr Duration linger_time = seconds(60);         // a finished exchange answers repeated messages
inline constexpr Duration probe_interval = seconds(2);
inline constexpr unsigned probes = 5;                 // unanswered: the peer is dead
inline constexpr Duration retire_grace = seconds(2);  // packets under way still find the old SA
inline constexpr Duration keepalive_interval = seconds(20);
inline constexpr Duration retire_patience = seconds(30);  // for the Delete of the end whose turn it is
inline constexpr Duration recovery_interval = seconds(10);
inline constexpr std::size_t refusals_remembered = 256;
inline constexpr std::size_t requests_remembered = 64;  // of one peer
inline constexpr Duration acquire_delay = seconds(1);   // an ACQUIRE is older than that when it gets here

}  // namespace ipsec9000::ike
