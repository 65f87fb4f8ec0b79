// What the daemons see of the kernel's IPsec. Tests have one in memory (tests/support/fake_kernel.hpp).
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "xfrm/socket.hpp"
#include "xfrm/types.hpp"

namespace ipsec9000 {

struct Capabilities {
  std::string release;    // "6.1.0-30-amd64"
  bool policies = false;  // XFRM is there, and we may use it
  bool esp = false;       // an SA of this protocol could be installed
  bool ah = false;
  bool default_actions = false;       // Linux 5.14 and later: what no policy matches can be blocked
  std::vector<std::string> problems;  // why something is missing, a sentence each
};

// A table read piece by piece, so that one of any length costs little memory and no long wait. What comes and goes
// meanwhile may or may not be among the pieces; what stays is, once.
template <class Entry>
class Dump {
 public:
  virtual ~Dump() = default;
  // Some more; empty: that was all. After an error there is no more.
  virtual Result<std::vector<Entry>> next() = 0;
};
using SaDump = Dump<SaState>;  // larval SAs too; keys are left out
using PolicyDump = Dump<PolicyState>;

// Synchronous; each call takes microseconds and gives an Error whose text names what was asked, with selector or SPI,
// and the kernel's own reason. Codes: already_exists, not_found, not_permitted, unsupported (this kernel lacks it),
// invalid_input (check() objected, nothing was sent), refused (the kernel objected), io and timed_out (not known what
// became of it: dump and compare).
class Kernel {
 public:
  virtual ~Kernel() = default;

  // Policies. A batch is not a transaction: what does not fail is done. An empty result means all is done.
  virtual Result<void> add_policy(const PolicySpec& policy) = 0;     // already_exists if its key is taken
  virtual Result<void> update_policy(const PolicySpec& policy) = 0;  // replaces in one step, or adds; keeps the index
  virtual Result<void> delete_policy(const PolicyHandle& policy) = 0;
  virtual Result<void> delete_policy(const PolicyKey& key) = 0;
  virtual std::vector<BatchFailure> add_policies(std::span<const PolicySpec> policies) = 0;
  virtual std::vector<BatchFailure> update_policies(std::span<const PolicySpec> policies) = 0;
  virtual std::vector<BatchFailure> delete_policies(std::span<const PolicyHandle> policies) = 0;
  virtual Result<PolicyState> get_policy(const PolicyKey& key) = 0;
  virtual Result<std::vector<PolicyState>> dump_policies() = 0;        // everybody's, those of sockets too
  virtual Result<std::unique_ptr<PolicyDump>> open_policy_dump() = 0;  // on a socket of its own
  // Those that match the packet. The kernel tells all; the others are passed over quickly.
  virtual Result<std::vector<PolicyState>> policies_for(const Flow& flow, PolicyDirection direction) = 0;

  virtual Result<void> set_default(const DefaultActions& actions) = 0;
  virtual Result<DefaultActions> get_default() = 0;  // all three are present
  virtual Result<void> set_hash_thresholds(const HashThresholds& thresholds) = 0;
  virtual Result<SpdInfo> spd_info() = 0;

  // SAs.
  virtual Result<void> add_sa(const SaSpec& sa) = 0;     // already_exists if its id is taken
  virtual Result<void> update_sa(const SaSpec& sa) = 0;  // not_found if there is none, larval or mature
  virtual Result<void> delete_sa(const SaId& sa) = 0;
  virtual std::vector<BatchFailure> add_sas(std::span<const SaSpec> sas) = 0;
  virtual std::vector<BatchFailure> delete_sas(std::span<const SaId> sas) = 0;
  virtual Result<SaState> get_sa(const SaId& sa, Keys keys) = 0;
  virtual Result<std::vector<SaState>> dump_sas(Keys keys) = 0;  // larval ones too
  virtual Result<std::unique_ptr<SaDump>> open_sa_dump() = 0;    // on a socket of its own
  // Those from the one address to the other, larval ones too.
  virtual Result<std::vector<SaState>> sas_between(const IpAddress& source, const IpAddress& destination) = 0;
  virtual Result<Spi> allocate_spi(const SpiRequest& request) = 0;  // leaves a larval SA for update_sa to complete
  virtual Result<SadInfo> sad_info() = 0;

  // Events from now on. Those that we cause ourselves come too, with our port() as their sender.
  virtual Result<std::unique_ptr<EventSource>> open_events(std::span<const EventGroup> groups) = 0;
  virtual std::uint32_t port() const = 0;

  // For the IKE sockets: no policy applies to what this UDP socket sends or receives. `fd` is an IPv6 socket (one that
  // carries IPv6 only) for Family::ipv6. The bypass is gone with the socket.
  virtual Result<void> set_socket_bypass(int fd, Family family) = 0;
  // ESP in UDP that arrives here is taken off by the kernel; what has the non-ESP marker comes to us (RFC 3948, 2.2).
  virtual Result<void> enable_udp_encapsulation(int fd) = 0;

  // Finds out by doing: adds and removes an SA from 127.0.0.1 to itself with a reserved SPI. Fails only if the probing
  // itself cannot be done; what is missing is in the value.
  virtual Result<Capabilities> probe() = 0;
};

// While the state that waits for an ACQUIRE lives, the kernel asks for no other flow between the same ends under the
// same reqid. This ends the wait at once, so that the next packet asks anew.
Result<void> drop_larval(Kernel& kernel, const Acquire& acquire);

// The kernel of the network namespace we are in.
class NetlinkKernel final : public Kernel {
 public:
  static Result<std::unique_ptr<NetlinkKernel>> open();

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
  std::uint32_t port() const override { return socket_.port(); }
  Result<void> set_socket_bypass(int fd, Family family) override;
  Result<void> enable_udp_encapsulation(int fd) override;
  Result<Capabilities> probe() override;

 private:
  explicit NetlinkKernel(RequestSocket socket) : socket_(std::move(socket)) {}
  RequestSocket socket_;
};

}  // namespace ipsec9000
