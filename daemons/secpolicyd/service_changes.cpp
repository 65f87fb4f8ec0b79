// From one configuration to the next one: reload, diff, edit. In turn, since each reads what another one changes.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/events.hpp"
#include "policy/changes.hpp"
#include "policy/host_check.hpp"
#include "policy/services.hpp"
#include "service.hpp"

namespace ipsec9000 {

namespace {
Error about_to_stop() { return {ErrorCode::refused, "the policies have been withdrawn; secpolicyd is about to stop"}; }
}  // namespace

// `begin` is to call what it is given, once.
void PolicyService::in_turn(const Answer& answer, const std::function<void(const Answer&)>& begin) {
  const bool taken = turns_.take([answer, begin](const Turns::Over& over) {
    begin([answer, over](Result<Json> outcome) {
      answer(std::move(outcome));
      over();
    });
  });
  if (!taken) answer(Error{ErrorCode::refused, "too many reloads, comparisons and edits wait already"});
}

// Reads the file by a thread of the pool.
void PolicyService::read_in_turn(const std::filesystem::path& path, bool with_revision, const Answer& answer,
                                 std::function<void(FileRead&)> next) {
  const auto file = std::make_shared<FileRead>();
  const bool accepted = context_.loop.run_on_pool(
      [file, path, with_revision] {
        file->text = read_configuration(path);
        if (file->text && with_revision) file->revision = revision_of(*file->text);
      },
      [file, next = std::move(next), alive = std::weak_ptr<char>(alive_)] {
        if (!alive.expired()) next(*file);
      });
  if (!accepted) answer(Error{ErrorCode::refused, "too much is being computed at the moment"});
}

// On SIGHUP; what goes wrong is in the audit trail.
void PolicyService::reload() {
  reload("", [](const Result<Json>&) {});
}

void PolicyService::reload(const std::string& revision, const Answer& answer) {
  in_turn(answer, [this, revision](const Answer& answer_in_turn) {
    // A look at very many entries is not to be taken in one go.
    const bool look_first = !withdrawn_ && kernel_side_.needs_long_look();
    const auto begin = [this, revision, answer_in_turn] {
      const auto& path = context_.paths.configuration();
      read_in_turn(path, !revision.empty(), answer_in_turn,
                   [this, revision, answer_in_turn](FileRead& file) { begin_reload(file, revision, answer_in_turn); });
    };
    if (!look_first) return begin();
    after_a_look(begin);
  });
}

void PolicyService::remember(CheckedText text, bool silent) {
  in_force_ = {std::make_shared<CheckedText>(std::move(text)), silent, services_changed_at()};
}

Error PolicyService::refused(const Error& error) { return refused(context_.paths.configuration(), error); }

Error PolicyService::refused(const std::filesystem::path& file, const Error& error) {
  context_.audit.record(audit::policy_reload_failed, {{"file", file.string()}, {"reason", error.text}});
  return error;
}

// Both files are checked before anything changes.
void PolicyService::begin_reload(FileRead& file, const std::string& revision, const Answer& answer) {
  if (withdrawn_) return answer(refused(about_to_stop()));
  auto& text = file.text;
  if (!text) return answer(refused(text.error()));
  if (!revision.empty() && file.revision != revision)
    return answer(refused({ErrorCode::refused, "the file has been changed meanwhile"}));
  auto entrust = read_entrust_settings(context_.paths.configuration());
  if (!entrust) return answer(refused(entrust_ini(context_.paths.configuration()), entrust.error()));
  if (const auto change = quick_change(*text))
    if (auto changed = take_over_quickly(*text, *change)) {
      if (!*changed) return answer(changed->error());
      return answer(loaded(**changed, *entrust));
    }
  reload_answer_ = answer;
  take_over_ = std::make_unique<TakeOver>(
      context_.loop, kernel_side_, set_,
      [this, entrust = std::move(*entrust)](Result<NextSet> next) { taken_over(std::move(next), entrust); });
  take_over_->begin(std::move(*text), context_.paths.configuration());
}

void PolicyService::taken_over(Result<NextSet> next, const EntrustSettings& entrust) {
  const bool in_question = take_over_->has_asked_kernel();
  take_over_.reset();
  const auto answer = std::exchange(reload_answer_, nullptr);
  const auto acquires = std::exchange(early_acquires_, {});
  if (!next) {
    const auto error = refused(next.error());
    if (!in_question) return answer(error);
    in_step_ = false;
    going_back_ = true;
    return after_a_look([answer, error] { answer(error); });
  }
  struct Past {
    std::shared_ptr<const PolicySet> set;
    std::shared_ptr<const CheckedText> text;
    Changed changed;
  };
  auto past = std::make_shared<Past>(Past{std::exchange(set_, std::move(next->set)), in_force_.text,
                                          Changed{std::move(next->changes), std::move(next->gone), true}});
  remember(std::move(next->text), next->silent);
  answer(loaded(past->changed, entrust));
  let_go(context_.loop, std::move(past));
  for (const auto& acquire : acquires) acquires_.handle(acquire, *set_);
  if (look_again_ && !look_.armed()) reconcile();
}

void PolicyService::abandon_reload() {
  take_over_.reset();
  early_acquires_.clear();
  if (reload_answer_) std::exchange(reload_answer_, nullptr)(refused(about_to_stop()));
  for (const auto& next : std::exchange(when_looked_, {})) next();
}

std::optional<CheckedText::Change> PolicyService::quick_change(const std::string& text) const {
  if (in_force_.services != services_changed_at()) return std::nullopt;  // a service may have another port now
  return in_force_.text->change_to(text, set_->configuration);
}

bool PolicyService::is_file_in_force() const {
  if (in_force_.text->text().empty() || in_force_.services != services_changed_at()) return false;
  const auto text = read_configuration(context_.paths.configuration());
  const auto entrust = read_entrust_settings(context_.paths.configuration());
  return text && *text == in_force_.text->text() && entrust && entrust_ == *entrust;
}

// Nothing, and the text is as it was, where only taking over the whole will do.
std::optional<Result<PolicyService::Changed>> PolicyService::take_over_quickly(std::string& text,
                                                                               const CheckedText::Change& change) {
  Changed changed;
  changed.changes = changes_of(set_->configuration, set_->keying, change.policies);
  std::vector<PolicySet::Replaced> replaced;
  const auto applied = kernel_side_.change(*set_, change.policies, replaced);
  if (!applied) return std::nullopt;
  if (!*applied) {
    const auto back = back_to(std::move(replaced));
    in_step_ = back.has_value();
    return refused(applied->error().within("changing the kernel's policies"));
  }
  auto& gone = changed.gone;
  for (const auto& [policy, reqid] : replaced) {
    changed.concerns_ike = changed.concerns_ike || set_->keying.reqid_of(policy.place - 1) != reqid;
    if (reqid != 0 && !set_->keying.is_in_use(reqid)) gone.push_back(reqid);
  }
  std::sort(gone.begin(), gone.end());
  gone.erase(std::unique(gone.begin(), gone.end()), gone.end());
  in_force_.silent = in_force_.silent && change.silent;
  in_force_.text->accept(std::move(text), change);
  return changed;
}

// The kernel would not have the new ones.
Result<void> PolicyService::back_to(std::vector<PolicySet::Replaced>&& replaced) {
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

// The set is in force and in the kernel.
Json PolicyService::loaded(Changed& changed, const EntrustSettings& entrust) {
  add_entrust_changes(entrust_.value_or(EntrustSettings{}), entrust, changed.changes);
  const bool concerns_ike = changed.concerns_ike || entrust_ != entrust;
  entrust_ = entrust;
  entrust_problem_.clear();
  if (concerns_ike) ike_.configure(*set_, entrust_);
  if (!changed.gone.empty()) ike_.forget(changed.gone);
  in_step_ = true;
  ++generation_;
  kernel_events_.policies_changed();
  context_.audit.record(audit::policy_loaded, {{"count", std::to_string(set_->configuration.policies.size())},
                                               {"file", context_.paths.configuration().string()}});
  auto answer = changes_answer(changed.changes);
  answer["generation"] = generation_;
  return answer;
}

void PolicyService::tell_difference(const std::filesystem::path& path, const Answer& answer) {
  in_turn(answer, [this, path](const Answer& answer_in_turn) {
    read_in_turn(path, true, answer_in_turn,
                 [this, path, answer_in_turn](FileRead& file) { find_difference(path, file, answer_in_turn); });
  });
}

void PolicyService::find_difference(const std::filesystem::path& path, FileRead& file, const Answer& answer) const {
  auto& text = file.text;
  if (!text) return answer(text.error());
  EntrustSettings entrust = entrust_.value_or(EntrustSettings{});
  const auto entrust_before = entrust;
  if (path == context_.paths.configuration()) {
    auto read = read_entrust_settings(path);
    if (!read) return answer(read.error());
    entrust = std::move(*read);
  }
  const auto tell = [answer, entrust_before, entrust, revision = file.revision](
                        std::vector<PolicyChange> changes, const std::vector<std::string>& warnings) {
    add_entrust_changes(entrust_before, entrust, changes);
    auto told = changes_answer(changes);
    told["revision"] = revision;
    told["warnings"] = warnings;
    answer(std::move(told));
  };
  // Other filters can make policies that never match: that is for the whole check to see.
  const auto same_filter = [&](const Policy& policy) {
    return policy.filter == set_->configuration.policies[policy.place - 1].filter;
  };
  if (const auto change = quick_change(*text);
      change && in_force_.silent && change->silent &&
      std::all_of(change->policies.begin(), change->policies.end(), same_filter))
    return tell(changes_of(set_->configuration, set_->keying, change->policies),
                host_warnings_after(*in_force_.text, set_->configuration, *change, *text, path));
  find_next_set(context_.loop, std::move(*text), path, set_,
                [answer, tell, loop = &context_.loop](Result<NextSet> next) {
                  if (!next) return answer(next.error());
                  tell(std::move(next->changes), next->warnings);
                  let_go(*loop, std::move(next->set));
                });
}

// By a thread of the pool: very many policies take their time to be checked, and the disk takes its own.
void PolicyService::edit(const std::vector<Edit>& edits, const std::string& revision, const Answer& answer) {
  in_turn(answer, [this, edits, revision](const Answer& answer_in_turn) {
    struct Job {
      std::shared_ptr<const CheckedText> text;
      std::shared_ptr<const PolicySet> set;
      Result<EditedFile> outcome = Error{ErrorCode::internal, "not edited"};
    };
    const auto job = std::make_shared<Job>(Job{in_force_.text, set_});
    const bool known = in_force_.silent && in_force_.services == services_changed_at();
    const bool accepted = context_.loop.run_on_pool(
        [job, known, edits, revision, path = context_.paths.configuration()] {
          auto text = known ? std::optional(KnownText{*job->text, job->set->configuration}) : std::nullopt;
          job->outcome = edit_file(path, edits, revision, text);
          job->text.reset();
          job->set.reset();
        },
        [job, answer_in_turn] {
          if (!job->outcome) return answer_in_turn(job->outcome.error());
          answer_in_turn(Json{{"revision", job->outcome->revision}, {"warnings", job->outcome->warnings}});
        });
    if (!accepted) answer_in_turn(Error{ErrorCode::refused, "too much is being computed at the moment"});
  });
}

}  // namespace ipsec9000
