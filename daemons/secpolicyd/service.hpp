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
#include "take_over.hpp"
#include "trace.hpp"
#include "turns.hpp"

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
  void reload() override;  // on SIGHUP
  void add_status(Json& status) const override;

  // Each of these three is done in its turn, and what takes long of it is not done on the loop; `answer` is called
  // once, perhaps at once.
  using Answer = std::function<void(Result<Json>)>;
  // Checks the file, then changes kernel and ikpmd; on any failure the old configuration stays in force. Gives the
  // answer of "policy.reload". `revision`: what the file is expected to be, "" for anything; refused otherwise.
  void reload(const std::string& revision, const Answer& answer);
  // What a reload of that file would change: the answer of "policy.diff". Changes nothing.
  void tell_difference(const std::filesystem::path& file, const Answer& answer);
  // Changes the file only. The answer of "config.edit".
  void edit(const std::vector<Edit>& edits, const std::string& revision, const Answer& answer);
  // A reload that is under way is given up.
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
  const PolicySet& set() const { return *set_; }
  KernelSide& kernel_side() { return kernel_side_; }
  HostAddresses& host() const { return host_; }
  // For tests.
  void see_as_host(HostAddresses::Read addresses) { host_.read_by(std::move(addresses)); }
  KernelMonitor& monitor() { return monitor_; }
  KernelEvents& kernel_events() { return kernel_events_; }
  Trace& trace() { return trace_; }

 private:
  struct FileInForce {
    std::shared_ptr<CheckedText> text = std::make_shared<CheckedText>();  // never null
    bool silent = false;                                                  // its check had no warning
    std::optional<std::filesystem::file_time_type> services;
  };
  // How the text differs from the one in force, where that can be told without checking all of it.
  std::optional<CheckedText::Change> quick_change(const std::string& text) const;
  struct Changed {
    std::vector<PolicyChange> changes;
    std::vector<std::uint32_t> gone;  // reqids that have lost their policy
    bool concerns_ike = false;        // ikpmd is to be told of the set
  };
  void in_turn(const Answer& answer, const std::function<void(const Answer&)>& begin);
  struct FileRead {
    Result<std::string> text = std::string();
    std::string revision;  // "" where nobody has asked for it: very many policies take their time
  };
  void read_in_turn(const std::filesystem::path& path, bool with_revision, const Answer& answer,
                    std::function<void(FileRead&)> next);
  void begin_reload(FileRead& file, const std::string& revision, const Answer& answer);
  void taken_over(Result<NextSet> next, const EntrustSettings& entrust);
  std::optional<Result<Changed>> take_over_quickly(std::string& text, const CheckedText::Change& change);
  void abandon_reload();
  void find_difference(const std::filesystem::path& path, FileRead& file, const Answer& answer) const;
  void answer_acquire(const Acquire& acquire);
  void after_a_look(std::function<void()> next);
  Result<void> back_to(std::vector<PolicySet::Replaced>&& replaced);
  Error refused(const Error& error);
  Error refused(const std::filesystem::path& file, const Error& error);
  void read_entrust_at_start();
  Json loaded(Changed& changed, const EntrustSettings& entrust);
  void add_methods();
  void reconcile_soon();
  void arm_reconcile();
  void go_on_looking();
  void looked(const KernelSide::Applied& applied);
  void look_failed(const Error& error);
  void overrun();

  DaemonContext& context_;
  std::unique_ptr<Kernel> kernel_;
  std::shared_ptr<PolicySet> set_;  // of threads of the pool, too, that read it; changed in a turn only
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
  bool going_back_ = false;  // a look puts back what a reload has left half done
  std::vector<std::function<void()>> when_looked_;
  Turns turns_;
  std::unique_ptr<TakeOver> take_over_;                     // of the reload that is under way, if it takes long
  Answer reload_answer_;                                    // of that one
  std::shared_ptr<char> alive_ = std::make_shared<char>();  // for what the pool gives back
  std::vector<Acquire> early_acquires_;                     // of entries of the set that comes
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
