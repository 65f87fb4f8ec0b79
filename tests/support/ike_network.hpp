// Hosts with IKE engines on a simulated network: no sockets, one fake clock, jobs done inline. Messages can be lost,
// repeated, delayed or changed; every host has a kernel that is a set of SAs.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "ike/engine.hpp"
#include "ike/nat_traversal.hpp"

namespace ipsec9000::test {

// Reproducible: the same seed, the same bytes.
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mt19937_64 engine_;
};

class Host final : public ike::Credentials {
 public:
  Host(std::string name, const std::string& address, std::uint64_t seed, ike::Limits limits = {});

  const Secret* pre_shared_key(const IpAddress& remote, const std::optional<Identity>& remote_id) const override;
  Result<std::shared_ptr<const pki::Credential>> own_certificate(const IsakmpPolicy& policy, const IpAddress& local,
                                                                 const ike::CertificateWish& wish) const override;
  std::shared_ptr<const pki::Trust> trust() const override { return identity->trust; }
  bool has_audit(std::string_view event) const;
  std::string audit_text(std::string_view event) const;  // of the last such record; "" when there is none
  std::size_t pairs() const { return engine.counters().pairs; }

  std::string name;
  IpAddress address;
  SeededRandom random;
  std::map<IpAddress, std::string> keys;             // pre-shared keys by peer
  std::shared_ptr<const pki::Credentials> identity;  // its certificates; none at first
  // What this host's policies say about a peer's proposal.
  std::function<Result<Protection>(const CoverQuery&)> cover;
  std::map<ike::SaKey, Bytes> sas;                 // the kernel: SA -> its keys joined
  std::map<ike::SaKey, ike::SaInstall> installed;  // the whole of them
  std::vector<AuditRecord> records;
  std::vector<FailureRecord> failures;
  std::vector<ike::PairKey> in_vain;  // AcquireFailed
  std::vector<ike::FarewellEnded> farewells;
  std::vector<ike::TraceMessage> traced;  // while engine.trace(true)
  bool kernel_refuses = false;
  ike::Engine engine;
};

// A message on its way.
struct Flight {
  TimePoint arrives;
  std::uint64_t order;
  ike::Datagram datagram;  // as the receiver sees it
  auto operator<=>(const Flight& other) const {
    return std::tie(arrives, order) <=> std::tie(other.arrives, other.order);
  }
};

// Work under way on a host's thread pool.
struct PendingJob {
  TimePoint done;
  Host* host;
  ike::JobId id;
  Result<ike::JobOutcome> outcome;
};

// A router that translates the addresses of the hosts behind it, as a masquerading one does: each of their ports gets a
// port of the outside address when it first sends.
class Nat {
 public:
  Nat(const std::string& outside, std::vector<IpAddress> inside);
  // The datagram as it goes on; nothing when it comes from outside and nobody inside has sent from that port.
  std::optional<ike::Datagram> pass(ike::Datagram sent);
  void forget() { ports_.clear(); }  // whoever sends next gets another port
  void move(const std::string& outside) { outside_ = *IpAddress::parse(outside); }
  void forward(std::uint16_t port, const IpAddress& to) { ports_[{to, port}] = port; }  // reachable from outside

 private:
  IpAddress outside_;
  std::vector<IpAddress> inside_;
  std::map<Endpoint, std::uint16_t> ports_;
  std::uint16_t last_port_ = 20'000;
};

// What ike::perform does, without the arithmetic: both ends get the same secret, from their public values alone. The
// values pass the checks for MODP groups and CURVE25519.
// When the jobs of all hosts run, for certificates.
inline constexpr WallTime wall_time{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};

ike::DhOutcome pretend(const ike::DhJob& job, RandomSource& random);

class Network {
 public:
  explicit Network(std::uint64_t seed = 1) : seed_(seed) {}

  Host& add(const std::string& name, const std::string& address, ike::Limits limits = {});
  Host* find(const IpAddress& address);  // null: nobody has it
  // Lets everything happen that is due until nothing is under way, or `limit` has passed. Timers that are further
  // away than `limit` do not run.
  void settle(Duration limit = seconds(0));
  void advance(Duration duration);  // settle, then let this much time pass
  // Carries out what an engine wants; called by settle.
  void carry_out(Host& host);

  TimePoint now{};
  Duration latency{5};
  // Called for each message put on the wire, with its running number: what really arrives, each with its own delay.
  // Absent: the message itself, after `latency`.
  std::function<std::vector<std::pair<Duration, Bytes>>(std::size_t number, const ike::Datagram& sent)> wire;
  std::optional<Nat> nat;
  // Public-key work is pretended: for tests of thousands of negotiations, which are not about it.
  bool cheap_keys = false;
  Duration job_time{};                                   // how long each job takes; 0: it is done at once
  std::function<Duration(const ike::Job&)> job_time_of;  // where they differ
  unsigned examined = 1;                                 // every which step an engine's consistency is looked at
  std::vector<ike::Datagram> sent;                       // all of them, as the sender sent them
  std::function<void()> after_each_step;                 // invariants

 private:
  bool step(TimePoint until);

  std::uint64_t seed_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::set<Flight> flying_;
  std::vector<PendingJob> jobs_;
  std::uint64_t order_ = 0;
  std::uint64_t steps_ = 0;
};

// ---- the usual two hosts
IsakmpPolicy usual_isakmp_policy(std::string name = "peer");
Protection usual_protection(const Host& from, const Host& to);
// Grants whatever is asked, with the usual transform.
Result<Protection> grant_anything(const CoverQuery& query);

struct TwoHosts {
  explicit TwoHosts(std::uint64_t seed = 1, ike::Limits limits = {});
  Network network;
  Host& a;
  Host& b;
  void start(TimePoint = {}) { a.engine.acquire(usual_protection(a, b), network.now); }
  bool connected() const;              // both kernels hold the same SAs with the same keys
  bool connected_through_nat() const;  // the same, the hosts' addresses apart
};

}  // namespace ipsec9000::test
