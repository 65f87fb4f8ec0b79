#include "service.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/events.hpp"
#include "configuration_file.hpp"
#include "methods.hpp"
#include "policy/changes.hpp"
#include "policy/edit.hpp"
#include "policy/host_check.hpp"
#include "policy/services.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration look_interval{10'000};
// Reading all policies and comparing them takes this part of the time at most: a second or two for 100 000.
constexpr int least_rest = 200;
// A program that flushes and restores does so in one go; one look afterwards is enough.
constexpr Duration settle_time{50};
// A look at very many policies is taken in parts of this length, between which everybody else is answered.
constexpr Duration part_of_look{10};

// The first of the tunnels that begin at no address of this host now, and of the policies that are for none of its
// addresses, and how many more there are.
void add_host_problems(Json& problems, const Configuration& configuration, const std::vector<LocalAddress>* addresses) {
  if (addresses == nullptr) return;
  std::vector<IpAddress> local;
  for (const auto& each : *addresses) local.push_back(each.address);
  const auto& policies = configuration.policies;
  const auto tell = [&](const std::vector<std::size_t>& found, std::string (*words)(const Policy&)) {
    if (!found.empty()) problems.push_back(words(policies[found.front()]) + and_more(found.size() - 1));
  };
  tell(foreign_tunnels(configuration, local), foreign_tunnel_words);
  tell(policies_elsewhere(configuration, local), elsewhere_words);
}
}  // namespace

PolicyService::PolicyService(DaemonContext& context, std::unique_ptr<Kernel> kernel, Configuration configuration)
    : context_(context),
      kernel_(std::move(kernel)),
      set_(PolicySet::make(std::move(configuration))),
      kernel_side_(*kernel_),
      ike_(context),
      acquires_(
          context.loop, context.audit,
          [this](const Protection& protection, const UnansweredAcquire& acquire) { ike_.acquire(protection, acquire); },
          [this](const UnansweredAcquire& acquire) { ike_.release(acquire); }),
      monitor_(context.loop, *kernel_,
               {[this](const Acquire& acquire) {
                  if (!withdrawn_) acquires_.handle(acquire, *set_);
                },
                [this] { reconcile_soon(); }, [this] { overrun(); }}),
      kernel_events_(context, *kernel_, kernel_side_, [this]() -> const PolicySet& { return *set_; }),
      trace_(context, *kernel_, [this]() -> const PolicySet& { return *set_; }),
      periodic_(context.loop),
      soon_(context.loop),
      look_(context.loop) {
  add_methods();
  ike_.on_lost([this] { (void)trace_.stop("ikpmd ended"); });
}

Result<void> PolicyService::start() {
  const bool adopting = kernel_side_.has_ours();
  const auto fail = [&](const Error& error) {
    if (!adopting) (void)kernel_side_.withdraw();  // the first error is the one to tell
    return error;
  };
  if (auto done = kernel_side_.block_by_default(); !done) return fail(done.error());
  // Before the policies are read, so that whatever somebody else does from here on is heard, and looked for then. Of
  // our own bulk load it tells nothing.
  if (auto done = monitor_.start(); !done) return fail(done.error());
  if (auto applied = kernel_side_.bring_in_step(*set_); !applied) return fail(applied.error());
  in_step_ = true;
  read_entrust_at_start();
  ike_.configure(*set_, entrust_);
  ike_.start();
  context_.audit.record(audit::policy_loaded, {{"count", std::to_string(set_->configuration.policies.size())},
                                               {"file", context_.paths.configuration().string()}});
  arm_reconcile();
  if (discards_) kernel_events_.start();
  return {};
}

void PolicyService::reload() { (void)reload_now(); }  // on SIGHUP; what went wrong is in the audit trail

void PolicyService::remember(CheckedText text, bool silent) {
  in_force_ = {std::move(text), silent, services_changed_at()};
}

// A mistake in what names a CA's servers is no reason to leave the policies out.
void PolicyService::read_entrust_at_start() {
  auto read = read_entrust_settings(context_.paths.configuration());
  if (read) {
    entrust_ = std::move(*read);
    return;
  }
  entrust_problem_ = refused(entrust_ini(context_.paths.configuration()), read.error()).text;
}

Error PolicyService::refused(const Error& error) { return refused(context_.paths.configuration(), error); }

Error PolicyService::refused(const std::filesystem::path& file, const Error& error) {
  context_.audit.record(audit::policy_reload_failed, {{"file", file.string()}, {"reason", error.text}});
  return error;
}

// Both files are checked before anything changes.
Result<Json> PolicyService::reload_now(const std::string& revision) {
  if (withdrawn_) return refused({ErrorCode::refused, "the policies have been withdrawn; secpolicyd is about to stop"});
  auto text = read_configuration(context_.paths.configuration());
  if (!text) return refused(text.error());
  if (!revision.empty() && revision_of(*text) != revision)
    return refused({ErrorCode::refused, "the file has been changed meanwhile"});
  auto entrust = read_entrust_settings(context_.paths.configuration());
  if (!entrust) return refused(entrust_ini(context_.paths.configuration()), entrust.error());
  auto changes = take_over(std::move(*text));
  if (!changes) return changes.error();
  add_entrust_changes(entrust_.value_or(EntrustSettings{}), *entrust, *changes);
  if (entrust_ != *entrust) {
    entrust_ = std::move(*entrust);
    ike_.configure(*set_, entrust_);
  }
  entrust_problem_.clear();
  return loaded(*changes);
}

Result<PolicyService::Changes> PolicyService::take_over(std::string text) {
  if (const auto change = quick_change(text))
    if (auto changes = take_over(text, *change)) return std::move(*changes);
  auto file = check_configuration(std::move(text), context_.paths.configuration());
  if (!file) return refused(file.error());
  return take_over(std::move(*file));
}

std::optional<CheckedText::Change> PolicyService::quick_change(const std::string& text) const {
  if (in_force_.services != services_changed_at()) return std::nullopt;  // a service may have another port now
  return in_force_.text.change_to(text, set_->configuration);
}

bool PolicyService::is_file_in_force() const {
  if (in_force_.text.text().empty() || in_force_.services != services_changed_at()) return false;
  const auto text = read_configuration(context_.paths.configuration());
  const auto entrust = read_entrust_settings(context_.paths.configuration());
  return text && *text == in_force_.text.text() && entrust && entrust_ == *entrust;
}

std::optional<KnownText> PolicyService::known_text() const {
  if (!in_force_.silent || in_force_.services != services_changed_at()) return std::nullopt;
  return KnownText{in_force_.text, set_->configuration};
}

Result<PolicyService::Changes> PolicyService::take_over(ConfigurationFile file) {
  auto next = PolicySet::make(std::move(file.configuration), set_->keying.reqid_map());
  if (const auto applied = kernel_side_.change(*set_, *next); !applied) {
    const auto back = kernel_side_.bring_in_step(*set_);
    in_step_ = back.has_value();
    return refused(applied.error().within("changing the kernel's policies"));
  }
  auto changes = changes_between(set_->configuration, set_->keying, next->configuration, next->keying);
  const auto gone = vanished_reqids(set_->keying.reqid_map(), next->keying.reqid_map());
  set_ = std::move(next);
  remember(std::move(file.text), file.silent);
  ike_.configure(*set_, entrust_);
  if (!gone.empty()) ike_.forget(gone);
  return changes;
}

// Nothing, and the text is as it was, where only taking over the whole will do.
std::optional<Result<PolicyService::Changes>> PolicyService::take_over(std::string& text,
                                                                       const CheckedText::Change& change) {
  auto changes = changes_of(set_->configuration, set_->keying, change.policies);
  std::vector<PolicySet::Replaced> replaced;
  const auto applied = kernel_side_.change(*set_, change.policies, replaced);
  if (!applied) return std::nullopt;
  if (!*applied) {
    const auto back = back_to(std::move(replaced));
    in_step_ = back.has_value();
    return refused(applied->error().within("changing the kernel's policies"));
  }
  std::vector<std::uint32_t> gone;
  bool other_reqids = false;
  for (const auto& [policy, reqid] : replaced) {
    other_reqids = other_reqids || set_->keying.reqid_of(policy.place - 1) != reqid;
    if (reqid != 0 && !set_->keying.is_in_use(reqid)) gone.push_back(reqid);
  }
  std::sort(gone.begin(), gone.end());
  gone.erase(std::unique(gone.begin(), gone.end()), gone.end());
  in_force_.silent = in_force_.silent && change.silent;
  in_force_.text.accept(std::move(text), change);
  if (other_reqids) ike_.configure(*set_, entrust_);
  if (!gone.empty()) ike_.forget(gone);
  return changes;
}

// The kernel would not have the new ones.
Result<void> PolicyService::back_to(std::vector<PolicySet::Replaced> replaced) {
  auto reqids = set_->keying.reqid_map();
  auto old = std::move(set_->configuration);
  for (auto& [policy, reqid] : replaced) {
    if (reqid != 0) reqids.emplace(Keying::description(policy), reqid);
    const auto index = policy.place - 1;
    old.policies[index] = std::move(policy);
  }
  set_ = PolicySet::make(std::move(old), reqids);
  const auto done = kernel_side_.bring_in_step(*set_);
  return done ? Result<void>() : Result<void>(done.error());
}

Json PolicyService::loaded(const std::vector<PolicyChange>& changes) {
  in_step_ = true;
  ++generation_;
  kernel_events_.policies_changed();
  context_.audit.record(audit::policy_loaded, {{"count", std::to_string(set_->configuration.policies.size())},
                                               {"file", context_.paths.configuration().string()}});
  auto answer = changes_answer(changes);
  answer["generation"] = generation_;
  return answer;
}

Result<Json> PolicyService::difference_to(const std::filesystem::path& path) const {
  auto text = read_configuration(path);
  if (!text) return text.error();
  auto revision = revision_of(*text);
  EntrustSettings entrust = entrust_.value_or(EntrustSettings{});
  const auto entrust_before = entrust;
  if (path == context_.paths.configuration()) {
    auto read = read_entrust_settings(path);
    if (!read) return read.error();
    entrust = std::move(*read);
  }
  const auto told = [&](std::vector<PolicyChange> changes, const std::vector<std::string>& warnings) {
    add_entrust_changes(entrust_before, entrust, changes);
    auto answer = changes_answer(changes);
    answer["revision"] = std::move(revision);
    answer["warnings"] = warnings;
    return answer;
  };
  // Other filters can make policies that never match: that is for the whole check to see.
  const auto same_filter = [&](const Policy& policy) {
    return policy.filter == set_->configuration.policies[policy.place - 1].filter;
  };
  if (const auto change = quick_change(*text);
      change && in_force_.silent && change->silent &&
      std::all_of(change->policies.begin(), change->policies.end(), same_filter))
    return told(changes_of(set_->configuration, set_->keying, change->policies),
                host_warnings_after(in_force_.text, set_->configuration, *change, *text, path));
  auto file = check_configuration(std::move(*text), path);
  if (!file) return file.error();
  const auto next = PolicySet::make(std::move(file->configuration), set_->keying.reqid_map());
  return told(changes_between(set_->configuration, set_->keying, next->configuration, next->keying), file->warnings);
}

Result<void> PolicyService::withdraw() {
  (void)trace_.stop("IPSec is stopped");  // it may be off
  withdrawn_ = true;
  periodic_.cancel();
  soon_.cancel();
  look_.cancel();
  in_step_ = false;
  return kernel_side_.withdraw();
}

void PolicyService::reconcile_soon() {
  kernel_side_.distrust();
  if (withdrawn_ || soon_.armed()) return;
  soon_.arm(settle_time, [this] { reconcile(); });
}

void PolicyService::arm_reconcile() {
  periodic_.arm(look_interval, [this] {
    if (context_.loop.now() >= whole_look_due_ || !kernel_side_.seems_in_step()) reconcile();
    arm_reconcile();
  });
}

void PolicyService::reconcile() {
  if (withdrawn_) return;
  // What is changed while a look is under way may have been passed already: another one follows.
  look_again_ = look_.armed();
  if (look_again_) return;
  look_took_ = Duration(0);
  go_on_looking();
}

void PolicyService::go_on_looking() {
  const auto began = context_.loop.now();
  auto now = began;
  Result<std::optional<KernelSide::Applied>> over = std::optional<KernelSide::Applied>();
  while (over && !*over && now - began < part_of_look) {
    over = kernel_side_.go_on_looking(*set_);
    now = context_.loop.now();
  }
  look_took_ += now - began;
  if (over && !*over) return look_.arm_at(now, [this] { go_on_looking(); });
  whole_look_due_ = now + std::max<Duration>(look_interval, least_rest * look_took_);
  if (std::exchange(look_again_, false)) reconcile_soon();
  if (over)
    looked(**over);
  else
    look_failed(over.error());
}

// Said once until the kernel answers again.
void PolicyService::look_failed(const Error& error) {
  in_step_ = false;
  if (kernel_problem_.empty())
    context_.audit.record(audit::kernel_refused, {{"request", "bring its policies in step"}, {"reason", error.text}});
  kernel_problem_ = error.text;
}

void PolicyService::looked(const KernelSide::Applied& applied) {
  in_step_ = true;
  kernel_problem_.clear();
  if (applied.nothing()) return;
  ++repairs_;
  const auto count = applied.added + applied.updated + applied.removed;
  context_.audit.record(
      audit::policy_drift_repaired,
      {{"change", std::to_string(count) + (count == 1 ? " entry: " : " entries, the first: ") + applied.first}});
}

void PolicyService::overrun() {
  ++overruns_;
  context_.audit.record(audit::kernel_events_lost, {{"events", "policies and requests for SAs"}});
  reconcile_soon();
}

void PolicyService::record_answer(const CoverQuery& asked, const Result<Protection>& answer,
                                  const std::string& correlation) {
  AuditFields fields{{"selector", asked.proposed.to_string()}, {"remote", asked.remote.to_string()}};
  if (answer) {
    fields.emplace_back("policy", answer->policy);
    fields.emplace_back("cause", "the peer");
    return context_.audit.record(audit::policy_chosen, fields, correlation);
  }
  fields.emplace_back("reason", answer.error().text);
  context_.audit.record(audit::policy_refused, fields, correlation);
}

Json PolicyService::status() const {
  Json problems = Json::array();
  for (const auto& problem : kernel_side_.problems()) problems.push_back(problem);
  if (!kernel_problem_.empty()) problems.push_back("the kernel's policies cannot be kept in step: " + kernel_problem_);
  if (!entrust_problem_.empty()) problems.push_back("not in force: " + entrust_problem_);
  add_host_problems(problems, set_->configuration, host_.all());
  if (!ike_.connected() && !withdrawn_) problems.push_back("ikpmd is not connected: no SAs are negotiated");
  return {{"configuration", context_.paths.configuration().string()},
          {"policies", set_->configuration.policies.size()},
          {"in_step", in_step_ && !kernel_side_.is_repairing()},
          {"kernel", kernel_side_.is_protecting() && kernel_problem_.empty() ? "up" : "down"},
          {"protected", kernel_side_.is_protecting() && !withdrawn_},
          {"generation", generation_},
          {"problems", std::move(problems)},
          {"overruns", overruns_},
          {"repairs", repairs_},
          {"kernel_events", kernel_events_.status()},
          {"trace", trace_.status()},
          {"acquires", acquires_.acquires()}};
}

void PolicyService::add_status(Json& json) const { json.update(status()); }

void PolicyService::add_methods() { add_policy_methods(context_.server, *this); }

}  // namespace ipsec9000
