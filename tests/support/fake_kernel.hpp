// A Kernel in memory that keeps the kernel's own rules: what is refused, which policy a packet meets, which SA carries
// it, when an ACQUIRE is sent and when not. Time stands still until a test moves it.
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "xfrm/kernel.hpp"

namespace ipsec9000 {

class FakeKernel final : public Kernel {
 public:
  static constexpr std::uint32_t own_port = 1000;       // sender of what comes through the Kernel interface
  static constexpr std::uint32_t foreign_port = 2000;   // sender of what a test does in another program's name
  static constexpr std::size_t sas_a_piece = 50;        // of an SaDump
  static constexpr std::size_t policies_a_piece = 4;    // of a PolicyDump
  static constexpr std::uint64_t acquire_expires = 30;  // net.core.xfrm_acq_expires

  FakeKernel();
  ~FakeKernel() override;

  // ---- what a test looks at -----------------------------------------------------------------------------------

  // The policy that a packet meets: of those whose masks match, the one of the lowest priority; nothing if there is
  // none. An error if two such policies tie, since kernels differ in what they do then.
  Result<std::optional<PolicyState>> lookup(PolicyDirection direction, const Flow& flow) const;
  // Two policies of one direction and priority whose selectors overlap, in words; nothing if there are none.
  std::optional<std::string> find_tie() const;
  // The SA that a packet takes for this layer of its policy: the newest with room for it in its selector.
  std::optional<SaId> find_sa(const Template& layer, const Flow& flow) const;

  enum class Outcome { clear, secured, blocked, held };
  struct Sent {
    Outcome outcome = Outcome::clear;
    std::vector<SaId> sas = {};  // innermost first
  };
  // A packet leaves the host. Where an SA is missing it is held (dropped, to be exact) and an ACQUIRE goes out, unless
  // a larval SA of the same ends, reqid, mode and protocol is already waiting.
  Result<Sent> send(const Flow& flow);
  // Whether a packet that came through these SAs, outermost first, gets to the host (in) or passes it (forward).
  Result<bool> accepts(const Flow& flow, const std::vector<SaId>& through,
                       PolicyDirection direction = PolicyDirection::in) const;

  std::vector<PolicyState> policies() const;
  std::size_t sa_count() const { return sas_.size(); }          // those with an SPI
  std::size_t larval_count() const { return larvals_.size(); }  // those without
  const DefaultActions& defaults() const { return defaults_; }
  const HashThresholds& thresholds() const { return thresholds_; }
  const std::set<int>& bypassed_sockets() const { return bypassed_; }
  const std::set<int>& encapsulation_sockets() const { return encapsulating_; }
  // What was asked through the interface and done, a line each: "add policy out 10.1.0.1 -> ...".
  std::vector<std::string>& log() { return log_; }

  // ---- what a test does ---------------------------------------------------------------------------------------

  // The operation after the next `after` ones fails so, and with it `times` in a row; each element of a batch is one,
  // reading is one too.
  void fail_next(Error error, std::size_t after = 0, std::size_t times = 1);
  // Each operation takes so long, as those of a slow kernel do.
  void slow_down(std::chrono::microseconds each) { each_takes_ = each; }
  void set_capabilities(Capabilities capabilities) { capabilities_ = std::move(capabilities); }
  void advance(std::uint64_t by);  // seconds; SAs expire on the way, softly and for good
  void count(const SaId& sa, std::uint64_t bytes, std::uint64_t packets = 1);  // traffic through it
  void flush_policies();                                                       // by another program
  void flush_sas();
  void delete_foreign(const PolicyKey& key);
  void delete_foreign(const SaId& sa);
  void add_foreign(const PolicySpec& policy);
  void lose_events();             // what waits is gone, an overrun is told instead
  void emit(const Event& event);  // to those who listen to its group

  // ---- Kernel -------------------------------------------------------------------------------------------------

  Result<void> add_policy(const PolicySpec& policy) override;
  Result<void> update_policy(const PolicySpec& policy) override;
  Result<void> delete_policy(const PolicyHandle& policy) override;
  Result<void> delete_policy(const PolicyKey& key) override;
  std::vector<BatchFailure> add_policies(std::span<const PolicySpec> policies) override;
  std::vector<BatchFailure> update_policies(std::span<const PolicySpec> policies) override;
  std::vector<BatchFailure> delete_policies(std::span<const PolicyHandle> policies) override;
  Result<PolicyState> get_policy(const PolicyKey& key) override;
  Result<std::vector<PolicyState>> dump_policies() override;
  Result<std::unique_ptr<PolicyDump>> open_policy_dump() override;
  Result<std::vector<PolicyState>> policies_for(const Flow& flow, PolicyDirection direction) override;
  Result<void> set_default(const DefaultActions& actions) override;
  Result<DefaultActions> get_default() override;
  Result<void> set_hash_thresholds(const HashThresholds& thresholds) override;
  Result<SpdInfo> spd_info() override;
  Result<void> add_sa(const SaSpec& sa) override;
  Result<void> update_sa(const SaSpec& sa) override;
  Result<void> delete_sa(const SaId& sa) override;
  std::vector<BatchFailure> add_sas(std::span<const SaSpec> sas) override;
  std::vector<BatchFailure> delete_sas(std::span<const SaId> sas) override;
  Result<SaState> get_sa(const SaId& sa, Keys keys) override;
  Result<std::vector<SaState>> dump_sas(Keys keys) override;
  Result<std::unique_ptr<SaDump>> open_sa_dump() override;
  Result<std::vector<SaState>> sas_between(const IpAddress& source, const IpAddress& destination) override;
  Result<Spi> allocate_spi(const SpiRequest& request) override;
  Result<SadInfo> sad_info() override;
  Result<std::unique_ptr<EventSource>> open_events(std::span<const EventGroup> groups) override;
  std::uint32_t port() const override { return own_port; }
  Result<void> set_socket_bypass(int fd, Family family) override;
  Result<void> enable_udp_encapsulation(int fd) override;
  Result<Capabilities> probe() override;

 private:
  class Listener;
  class SaPieces;
  class PolicyPieces;
  struct Sa {
    SaState state;
    std::uint64_t order = 0;  // of insertion: decides between SAs of the same second
    bool dying = false;       // soft-expired
  };

  Result<void> begin(const std::string& operation);
  Result<void> insert_policy(const PolicySpec& policy, bool replace, std::uint32_t sender);
  Result<void> erase_policy(const PolicyKey& key, std::uint32_t sender);
  Result<void> erase_sa(const SaId& sa, std::uint32_t sender);
  void insert_sa(const SaSpec& sa);
  void answer_larval(const SaSpec& sa);
  SaState* take_over_larval(const SpiRequest& request);
  void acquire(const PolicyState& policy, std::size_t wanted, const Flow& flow);
  void expire_sas();
  Expire expiry_of(const SaState& state, bool hard) const;

  std::map<PolicyKey, PolicyState> policies_;
  std::map<SaId, Sa> sas_;
  std::vector<SaState> larvals_;  // without an SPI
  std::vector<std::shared_ptr<Listener>> listeners_;
  DefaultActions defaults_{PolicyAction::allow, PolicyAction::allow, PolicyAction::allow};
  HashThresholds thresholds_{HashThreshold{32, 32}, HashThreshold{128, 128}};
  Capabilities capabilities_;
  std::set<int> bypassed_;
  std::set<int> encapsulating_;
  std::vector<std::string> log_;
  std::optional<Error> failure_;
  std::chrono::microseconds each_takes_{0};
  std::size_t failure_after_ = 0;
  std::size_t failure_times_ = 0;
  std::uint64_t now_ = 1'700'000'000;
  std::uint64_t next_order_ = 1;
  std::uint32_t next_index_ = 1;
  std::uint32_t next_sequence_ = 1;
  std::uint32_t next_spi_ = 0;
};

}  // namespace ipsec9000
