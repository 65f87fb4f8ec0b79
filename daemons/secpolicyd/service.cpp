#include "service.hpp"

#include <nlohmann/json.hpp>

#include "audit/events.hpp"
#include "configuration_file.hpp"
#include "methods.hpp"
#include "policy/changes.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration reconcile_interval{10'000};
// A program that flushes and restores does so in one go; one look afterwards is enough.
constexpr Duration settle_time{50};
}  // namespace

PolicyService::PolicyService(DaemonContext& context, std::unique_ptr<Kernel> kernel, Configuration configuration)
    : context_(context),
      kernel_(std::move(kernel)),
      set_(PolicySet::make(std::move(configuration))),
      kernel_side_(*kernel_),
      ike_(context),
      acquires_(
          context.loop, context.audit, [this](const Protection& protection) { ike_.acquire(protection); },
          [this](const UnansweredAcquire& acquire) { ike_.release(acquire); }),
      monitor_(context.loop, *kernel_,
               {[this](const Acquire& acquire) {
                  if (!withdrawn_) acquires_.handle(acquire, *set_);
                },
                [this] { reconcile_soon(); }, [this] { overrun(); }}),
      kernel_events_(context, *kernel_, kernel_side_, [this]() -> const PolicySet& { return *set_; }),
      periodic_(context.loop),
      soon_(context.loop) {
  add_methods();
}

Result<void> PolicyService::start() {
  const bool adopting = kernel_side_.has_ours();
  const auto fail = [&](const Error& error) {
    if (!adopting) (void)kernel_side_.withdraw();  // the first error is the one to tell
    return error;
  };
  if (auto done = monitor_.start(); !done) return done;
  if (auto done = kernel_side_.block_by_default(); !done) return fail(done.error());
  const auto applied = kernel_side_.bring_in_step(*set_);
  if (!applied) return fail(applied.error());
  in_step_ = true;
  ike_.configure(*set_);
  ike_.start();
  context_.audit.record(audit::policy_loaded, {{"count", std::to_string(set_->configuration.policies.size())},
                                               {"file", context_.paths.configuration().string()}});
  arm_reconcile();
  if (discards_) kernel_events_.start();
  return {};
}

void PolicyService::reload() { (void)reload_now(); }  // on SIGHUP; what went wrong is in the audit trail

Result<Json> PolicyService::reload_now(const std::string& revision) {
  const auto refuse = [&](const Error& error) {
    context_.audit.record(audit::policy_reload_failed,
                          {{"file", context_.paths.configuration().string()}, {"reason", error.text}});
    return error;
  };
  if (withdrawn_) return refuse({ErrorCode::refused, "the policies have been withdrawn; secpolicyd is about to stop"});
  auto file = read_configuration_file(context_.paths.configuration());
  if (!file) return refuse(file.error());
  if (!revision.empty() && file->revision != revision)
    return refuse({ErrorCode::refused, "the file has been changed meanwhile"});
  auto next = PolicySet::make(std::move(file->configuration), set_->keying.reqid_map());
  if (const auto applied = kernel_side_.change(*set_, *next); !applied) {
    const auto back = kernel_side_.bring_in_step(*set_);
    in_step_ = back.has_value();
    return refuse(applied.error().within("changing the kernel's policies"));
  }
  const auto changes = changes_between(set_->configuration, set_->keying, next->configuration, next->keying);
  const auto gone = vanished_reqids(set_->keying.reqid_map(), next->keying.reqid_map());
  set_ = std::move(next);
  in_step_ = true;
  ++generation_;
  ike_.configure(*set_);
  if (!gone.empty()) ike_.forget(gone);
  context_.audit.record(audit::policy_loaded, {{"count", std::to_string(set_->configuration.policies.size())},
                                               {"file", context_.paths.configuration().string()}});
  auto answer = changes_answer(changes);
  answer["generation"] = generation_;
  return answer;
}

Result<Json> PolicyService::difference_to(const std::filesystem::path& path) const {
  auto file = read_configuration_file(path);
  if (!file) return file.error();
  const auto next = PolicySet::make(std::move(file->configuration), set_->keying.reqid_map());
  auto answer = changes_answer(changes_between(set_->configuration, set_->keying, next->configuration, next->keying));
  answer["revision"] = file->revision;
  answer["warnings"] = file->warnings;
  return answer;
}

Result<void> PolicyService::withdraw() {
  withdrawn_ = true;
  periodic_.cancel();
  soon_.cancel();
  in_step_ = false;
  return kernel_side_.withdraw();
}

void PolicyService::reconcile_soon() {
  kernel_side_.distrust();
  if (withdrawn_ || soon_.armed()) return;
  soon_.arm(settle_time, [this] { reconcile(); });
}

void PolicyService::arm_reconcile() {
  periodic_.arm(reconcile_interval, [this] {
    reconcile();
    arm_reconcile();
  });
}

void PolicyService::reconcile() {
  if (withdrawn_) return;
  const auto applied = kernel_side_.bring_in_step(*set_);
  in_step_ = applied.has_value();
  if (!applied) {
    // Said once until the kernel answers again.
    if (kernel_problem_.empty())
      context_.audit.record(audit::kernel_refused,
                            {{"request", "bring its policies in step"}, {"reason", applied.error().text}});
    kernel_problem_ = applied.error().text;
    return;
  }
  kernel_problem_.clear();
  if (applied->nothing()) return;
  ++repairs_;
  const auto count = applied->added + applied->updated + applied->removed;
  context_.audit.record(
      audit::policy_drift_repaired,
      {{"change", std::to_string(count) + (count == 1 ? " entry: " : " entries, the first: ") + applied->first}});
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
  if (!ike_.connected() && !withdrawn_) problems.push_back("ikpmd is not connected: no SAs are negotiated");
  return {{"configuration", context_.paths.configuration().string()},
          {"policies", set_->configuration.policies.size()},
          {"in_step", in_step_},
          {"kernel", kernel_side_.is_protecting() && kernel_problem_.empty() ? "up" : "down"},
          {"protected", kernel_side_.is_protecting() && !withdrawn_},
          {"generation", generation_},
          {"problems", std::move(problems)},
          {"overruns", overruns_},
          {"repairs", repairs_},
          {"kernel_events", kernel_events_.status()},
          {"acquires", acquires_.acquires()}};
}

void PolicyService::add_status(Json& json) const { json.update(status()); }

void PolicyService::add_methods() { add_policy_methods(context_.server, *this); }

}  // namespace ipsec9000
