#include "service.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/events.hpp"
#include "configuration_file.hpp"
#include "methods.hpp"
#include "policy/host_check.hpp"

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
               {[this](const Acquire& acquire) { answer_acquire(acquire); }, [this] { reconcile_soon(); },
                [this] { overrun(); }}),
      kernel_events_(context, *kernel_, kernel_side_, host_, [this]() -> const PolicySet& { return *set_; }),
      trace_(context, *kernel_, [this]() -> const PolicySet& { return *set_; }),
      periodic_(context.loop),
      soon_(context.loop),
      look_(context.loop),
      turns_(context.loop) {
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

// A mistake in what names a CA's servers is no reason to leave the policies out.
void PolicyService::read_entrust_at_start() {
  auto read = read_entrust_settings(context_.paths.configuration());
  if (read) {
    entrust_ = std::move(*read);
    return;
  }
  entrust_problem_ = refused(entrust_ini(context_.paths.configuration()), read.error()).text;
}

// While the kernel is on its way to another set, what asks may be an entry of either.
void PolicyService::answer_acquire(const Acquire& acquire) {
  constexpr std::size_t most_waiting = 1000;
  if (withdrawn_) return;
  const auto* coming = take_over_ ? take_over_->coming() : nullptr;
  if (coming == nullptr || AcquireHandler::is_for(acquire, *set_) || !AcquireHandler::is_for(acquire, *coming))
    return acquires_.handle(acquire, *set_);
  // ikpmd does not know that set yet. Beyond so many the kernel asks again by itself.
  if (early_acquires_.size() < most_waiting) early_acquires_.push_back(acquire);
}

Result<void> PolicyService::withdraw() {
  (void)trace_.stop("IPSec is stopped");  // it may be off
  withdrawn_ = true;
  abandon_reload();
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
  // What is changed while a look is under way may have been passed already: another one follows. And one set is not
  // looked for while another one is being put into the kernel.
  look_again_ = look_.armed() || kernel_side_.is_changing();
  if (look_again_) return;
  look_took_ = Duration(0);
  go_on_looking();
}

void PolicyService::go_on_looking() {
  look_again_ = look_again_ || kernel_side_.is_changing();
  if (kernel_side_.is_changing()) return;
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
  going_back_ = false;
  for (const auto& next : std::exchange(when_looked_, {})) next();
}

void PolicyService::after_a_look(std::function<void()> next) {
  when_looked_.push_back(std::move(next));
  if (!look_.armed()) reconcile();
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
  if (applied.nothing() || going_back_) return;
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
          {"in_step", in_step_ && !kernel_side_.is_repairing() && !kernel_side_.is_changing()},
          {"reloading", take_over_ != nullptr},
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
