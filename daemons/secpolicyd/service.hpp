// secpolicyd's work: the configuration in force, the kernel kept in step with it, answers about it.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>

#include "acquire_handler.hpp"
#include "configuration_file.hpp"
#include "daemon/daemon.hpp"
#include "host_addresses.hpp"
#include "ike_link.hpp"
#include "kernel_events.hpp"
#include "kernel_monitor.hpp"
#include "kernel_side.hpp"
#include "policy/edit.hpp"
#include "policy/parse.hpp"
#include "policy_set.hpp"
#include "trace.hpp"

namespace ipsec9000 {

class PolicyService final : public DaemonService {
 public:
  // `configuration` has been checked. The kernel must be the one of this network namespace, or a test's.
  PolicyService(DaemonContext& context, std::unique_ptr<Kernel> kernel, Configuration configuration);

  // Blocks by default, then puts the policies in place. On failure nothing of ours is left, unless a predecessor had
  // left something: that stays, since what it protects must not open.
  Result<void> start() override;
  // From start() on: what the kernel drops is recorded. Not for tests, whose kernel is none.
  void record_discards() { discards_ = true; }
  // The text of the configuration that was given, and whether its check had no warning: a change of it can then be
  // found quickly.
  void remember(CheckedText text, bool silent);
  void reload() override;
  void add_status(Json& status) const override;

  // Checks the file, then changes kernel and ikpmd; on any failure the old configuration stays in force. Gives the
  // answer of "policy.reload". `revision`: what the file is expected to be, "" for anything; refused otherwise.
  Result<Json> reload_now(const std::string& revision = {});
  // What a reload of that file would change: the answer of "policy.diff". Changes nothing.
  Result<Json> difference_to(const std::filesystem::path& file) const;
  Result<void> withdraw();
  // Reads the kernel's policies and repairs what differs, part by part on the loop; counts and records it.
  void reconcile();
  Json status() const;
  // The audit record of what a peer asked for and was told.
  void record_answer(const CoverQuery& asked, const Result<Protection>& answer, const std::string& correlation);

  std::vector<Flow> requested_flows() const { return acquires_.recent(); }
  EventLoop& loop() const { return context_.loop; }
  TimePoint now() const { return context_.loop.now(); }
  const Paths& paths() const { return context_.paths; }
  // Whether the file says what is in force, so that it need not be checked again.
  bool is_file_in_force() const;
  // The text in force, if an edit of it can be checked by what it edits.
  std::optional<KnownText> known_text() const;
  const PolicySet& set() const { return *set_; }
  KernelSide& kernel_side() { return kernel_side_; }
  HostAddresses& host() const { return host_; }
  // For tests.
  void see_as_host(HostAddresses addresses) { host_ = std::move(addresses); }
  KernelMonitor& monitor() { return monitor_; }
  KernelEvents& kernel_events() { return kernel_events_; }
  Trace& trace() { return trace_; }

 private:
  struct FileInForce {
    CheckedText text;
    bool silent = false;  // its check had no warning
    std::optional<std::filesystem::file_time_type> services;
  };
  // How the text differs from the one in force, where that can be told without checking all of it.
  std::optional<CheckedText::Change> quick_change(const std::string& text) const;
  using Changes = std::vector<PolicyChange>;
  Result<Changes> take_over(ConfigurationFile file);
  std::optional<Result<Changes>> take_over(std::string& text, const CheckedText::Change& change);
  Result<Changes> take_over(std::string text);
  Result<void> back_to(std::vector<PolicySet::Replaced> replaced);
  Error refused(const Error& error);
  Error refused(const std::filesystem::path& file, const Error& error);
  void read_entrust_at_start();
  Json loaded(const std::vector<PolicyChange>& changes);
  void add_methods();
  void reconcile_soon();
  void arm_reconcile();
  void go_on_looking();
  void looked(const KernelSide::Applied& applied);
  void look_failed(const Error& error);
  void overrun();

  DaemonContext& context_;
  std::unique_ptr<Kernel> kernel_;
  std::unique_ptr<PolicySet> set_;
  FileInForce in_force_;
  mutable HostAddresses host_;              // of what it says, asking changes nothing
  std::optional<EntrustSettings> entrust_;  // in force; absent where the file could not be read since the start
  std::string entrust_problem_;             // why
  KernelSide kernel_side_;
  IkeLink ike_;
  AcquireHandler acquires_;
  KernelMonitor monitor_;
  KernelEvents kernel_events_;
  Trace trace_;
  EventLoop::Timer periodic_;
  EventLoop::Timer soon_;
  EventLoop::Timer look_;  // the next part of one that is under way
  Duration look_took_{};   // so far
  bool look_again_ = false;
  std::uint64_t generation_ = 1;
  std::uint64_t overruns_ = 0;
  std::uint64_t repairs_ = 0;
  TimePoint whole_look_due_{};
  bool in_step_ = false;
  bool withdrawn_ = false;
  bool discards_ = false;
  std::string kernel_problem_;  // "" when the kernel answered last time
};

}  // namespace ipsec9000
