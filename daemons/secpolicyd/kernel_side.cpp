#include "kernel_side.hpp"

#include <algorithm>
#include <functional>

#include "kernel_look.hpp"
#include "policy/difference.hpp"

namespace ipsec9000 {

namespace {
constexpr DefaultActions block_all{PolicyAction::block, PolicyAction::block, PolicyAction::block};
constexpr DefaultActions allow_all{PolicyAction::allow, PolicyAction::allow, PolicyAction::allow};
constexpr std::size_t most_keys = 500;             // asked for one by one, for one packet
constexpr std::size_t most_read_for_one = 10'000;  // entries, for one packet, while nothing is certain
constexpr HashThresholds kernel_thresholds{HashThreshold{32, 32}, HashThreshold{128, 128}};
}  // namespace

KernelSide::KernelSide(Kernel& kernel) : kernel_(kernel) {}
KernelSide::~KernelSide() = default;

Result<void> KernelSide::block_by_default() {
  const auto present = kernel_.get_default();
  if (present && *present == block_all) return {};
  auto done = kernel_.set_default(block_all);
  default_problem_.reset();
  if (done || done.error().code != ErrorCode::unsupported) return done;
  default_problem_ =
      "this kernel cannot block what no policy matches (it needs Linux 5.14): nothing protects while its policies are "
      "flushed by somebody";
  return {};
}

Result<KernelSide::Applied> KernelSide::bring_in_step(const PolicySet& set) {
  auto change = begin_change();
  if (!change) return change.error();
  const auto whole = [](const std::function<Result<bool>()>& part) -> Result<void> {
    while (true) {
      const auto over = part();
      if (!over) return over.error();
      if (*over) return {};
    }
  };
  auto done = whole([&] { return (*change)->read(); });
  if (done) {
    (*change)->work_out(set);
    done = whole([&] { return carry_out_some(**change); });
  }
  if (done) done = finish(**change);
  if (done) return (*change)->applied();
  abandon();
  left_.table.forget();  // the next look begins here again
  return done.error();
}

Result<std::unique_ptr<KernelChange>> KernelSide::begin_change() {
  distrust();
  disturbed_ = false;  // from here on
  look_.reset();
  auto begun = KernelChange::begin(kernel_);
  changing_ = begun.has_value();
  return begun;
}

Result<bool> KernelSide::carry_out_some(KernelChange& change) {
  if (change.found_nothing())
    set_thresholds(change.thresholds());  // a bulk load: before it, so that nothing is hashed twice
  return change.carry_out();
}

Result<void> KernelSide::finish(KernelChange& change) {
  changing_ = false;
  foreign_ = change.foreign();
  std::swap(left_, change.outcome());
  if (auto done = settle(); !done) return done;
  set_thresholds(change.thresholds());
  return {};
}

bool KernelSide::needs_long_look() const { return !trusted_ && left_.table.entries() > most_read_for_one; }

Result<KernelSide::Applied> KernelSide::keep_in_step(const PolicySet& set) {
  look_.reset();
  while (true) {
    auto done = go_on_looking(set);
    if (!done) return done.error();
    if (*done) return std::move(**done);
  }
}

Result<std::optional<KernelSide::Applied>> KernelSide::go_on_looking(const PolicySet& set) {
  auto done = take_a_look(set);
  if (!done || *done) look_.reset();
  return done;
}

Result<std::optional<KernelSide::Applied>> KernelSide::take_a_look(const PolicySet& set) {
  if (!left_.table.is_known()) {
    auto applied = bring_in_step(set);
    if (!applied) return applied.error();
    return std::optional(std::move(*applied));
  }
  if (!look_) {
    // Before anything else: what is missing must not be open meanwhile.
    if (auto closed = block_by_default(); !closed) return closed.error();
    auto begun = KernelLook::begin(kernel_, left_.table);
    if (!begun) return begun.error();
    look_ = std::move(*begun);
    disturbed_ = false;
    return std::optional<Applied>();
  }
  const auto over = look_->go_on(set);
  if (!over) return over.error();
  if (!*over) return std::optional<Applied>();
  foreign_ = look_->foreign();
  if (auto done = settle(); !done) return done.error();
  return std::optional(look_->applied());
}

// The kernel holds what it should.
Result<void> KernelSide::settle() {
  if (auto done = block_by_default(); !done) return done;
  protecting_ = true;
  left_with_ = counts();
  trusted_ = !disturbed_;
  return {};
}

Result<KernelSide::Applied> KernelSide::change(const PolicySet& from, const PolicySet& to) {
  auto applied = change_at_once(from, to);
  return applied ? std::move(*applied) : bring_in_step(to);
}

std::optional<KernelSide::Applied> KernelSide::change_at_once(const PolicySet& from, const PolicySet& to) {
  const auto old_reqids = from.keying.reqids();
  const auto new_reqids = to.keying.reqids();
  auto small = left_.table.small_change({from.configuration, old_reqids}, {to.configuration, new_reqids});
  if (!small || !protecting_ || !trust(from)) return std::nullopt;
  auto applied = take_small_steps(std::move(small->steps));
  if (!applied) return std::nullopt;  // the kernel is not as we thought, or has no memory: it will say so again
  left_.table.accept(*small);
  return std::move(*applied);
}

std::optional<Result<KernelSide::Applied>> KernelSide::change(PolicySet& set, std::vector<Policy> next,
                                                              std::vector<PolicySet::Replaced>& replaced) {
  const auto& policies = set.configuration.policies;
  std::vector<PolicyTurn> turns;
  turns.reserve(next.size());
  for (const auto& policy : next) turns.push_back({&policies[policy.place - 1], 0, &policy, 0});
  if (!protecting_ || !left_.table.has_steps_for(turns) || !set.can_replace(next) || !trust(set)) return std::nullopt;
  replaced = set.replace(std::move(next));
  turns.clear();
  for (const auto& old : replaced) {
    const auto index = old.policy.place - 1;
    turns.push_back({&old.policy, old.reqid, &policies[index], set.keying.reqid_of(index)});
  }
  auto small = left_.table.small_change(std::move(turns));
  if (!small) return bring_in_step(set);
  auto applied = take_small_steps(std::move(small->steps));
  if (!applied) return bring_in_step(set);
  left_.table.accept(*small);
  return applied;
}

// Whether the kernel holds what was left there, after a look and a repair if need be.
bool KernelSide::trust(const PolicySet& set) { return trusted_ || (left_.table.is_known() && keep_in_step(set)); }

Result<KernelSide::Applied> KernelSide::take_small_steps(std::vector<PolicyStep> steps) {
  for (auto& step : steps) {
    if (step.kind != PolicyStep::Kind::remove) continue;
    const auto present = kernel_.get_policy(step.spec.key());
    if (!present) return present.error();
    step.index = present->index;
  }
  look_.reset();  // what it saw before is not what it will see
  Applied applied;
  if (auto done = carry_out(kernel_, steps, applied); !done) return done.error();
  // Counted by ourselves: what another program did meanwhile must not become what we expect.
  for (const auto& step : steps) {
    count(step);
    left_.note(step.spec);
  }
  return applied;
}

void KernelSide::count(const PolicyStep& step) {
  if (!left_with_ || step.kind == PolicyStep::Kind::update) return;
  auto& number = step.spec.direction == PolicyDirection::in    ? left_with_->in
                 : step.spec.direction == PolicyDirection::out ? left_with_->out
                                                               : left_with_->forward;
  number = step.kind == PolicyStep::Kind::add ? number + 1 : number - 1;
}

std::optional<KernelSide::Counts> KernelSide::counts() {
  const auto info = kernel_.spd_info();
  return info ? std::optional(Counts{info->in, info->out, info->forward}) : std::nullopt;
}

bool KernelSide::seems_in_step() {
  const auto now = counts();
  if (!now || now != left_with_) return false;
  const auto present = kernel_.get_default();
  return default_problem_ || (present && *present == block_all);
}

void KernelSide::set_thresholds(const HashThresholds& wanted) {
  if (thresholds_ == wanted) return;
  // They are for speed alone; a kernel that refuses them is slower, not less safe.
  if (kernel_.set_hash_thresholds(wanted)) thresholds_ = wanted;
}

Result<void> KernelSide::withdraw() {
  auto all = kernel_.dump_policies();
  if (!all) return all.error();
  std::vector<PolicyHandle> handles;
  for (const auto& state : *all)
    if (is_ours(state)) handles.push_back({state.spec.direction, state.index});
  for (const auto& failure : kernel_.delete_policies(handles))
    if (failure.error.code != ErrorCode::not_found) return failure.error;
  protecting_ = false;
  abandon();
  left_.places.clear();
  distrust();
  look_.reset();
  left_.table.forget();
  thresholds_.reset();
  if (!kernel_.set_hash_thresholds(kernel_thresholds)) thresholds_.reset();
  auto opened = kernel_.set_default(allow_all);
  if (!opened && opened.error().code != ErrorCode::unsupported) return opened;
  return {};
}

bool KernelSide::has_ours() const {
  const auto all = kernel_.dump_policies();
  return all && std::any_of(all->begin(), all->end(), is_ours);
}

std::uint32_t KernelSide::place_of(const PolicySpec& entry) const {
  if (!is_our_owner(entry.owner)) return 0;
  const auto found = left_.places.find(entry.priority);
  return found == left_.places.end() ? 0 : found->second;
}

Result<std::vector<PolicyState>> KernelSide::policies_for(const Flow& flow, Direction direction) {
  if (!trusted_ || foreign_ != 0 || !seems_in_step()) return policies_read_for(flow, direction);
  auto found = ours_for(flow, direction);
  return found ? std::move(found) : policies_read_for(flow, direction);
}

Result<std::vector<PolicyState>> KernelSide::ours_for(const Flow& flow, Direction direction) {
  const auto keys = left_.shapes.keys_for(flow, policy_direction(direction));
  if (keys.size() > most_keys) return Error{ErrorCode::refused, "too many to ask for one by one"};
  std::vector<PolicyState> found;
  for (const auto& key : keys) {
    auto state = kernel_.get_policy(key);
    if (state)
      found.push_back(std::move(*state));
    else if (state.error().code != ErrorCode::not_found)
      return state.error();
  }
  return found;
}

std::optional<bool> KernelSide::agrees(const Flow& flow, Direction direction, const Match& match) {
  if (changing_) return std::nullopt;  // the entries are partly those of one set and partly those of another
  const auto judged = [&](const Result<std::vector<PolicyState>>& policies) {
    return policies ? std::optional(agrees(*policies, flow, direction, match)) : std::nullopt;
  };
  if (trusted_ || left_.table.entries() <= most_read_for_one) return judged(policies_for(flow, direction));
  // Whether others have put something before ours is known after the look that is under way.
  const auto ours = judged(ours_for(flow, direction));
  return ours == false ? ours : std::nullopt;
}

Result<std::vector<PolicyState>> KernelSide::policies_read_for(const Flow& flow, Direction direction) {
  return kernel_.policies_for(flow, policy_direction(direction));
}

Result<std::vector<PolicyState>> KernelSide::discarding() {
  if (left_.discarding.size() > LeftInKernel::most_discarding) return policies();
  std::vector<PolicyState> found;
  for (const auto& key : left_.discarding)
    if (auto state = kernel_.get_policy(key)) found.push_back(std::move(*state));
  return found;
}

bool KernelSide::agrees(const std::vector<PolicyState>& policies, const Flow& flow, Direction direction,
                        const Match& match) const {
  const auto* winner = kernel_lookup(policies, policy_direction(direction), flow);
  if (winner == nullptr) return match.action == Decision::discard;  // the kernel's default blocks
  return is_our_owner(winner->spec.owner) && decision_of(winner->spec) == match.action &&
         place_of(winner->spec) == match.place();
}

bool KernelSide::is_repairing() const { return look_ && look_->is_repairing(); }

std::vector<std::string> KernelSide::problems() const {
  std::vector<std::string> all;
  if (default_problem_) all.push_back(*default_problem_);
  if (foreign_ != 0)
    all.push_back(std::to_string(foreign_) +
                  (foreign_ == 1 ? " policy of another program is" : " policies of other programs are") +
                  " in the kernel beside ours and may decide before them");
  return all;
}

}  // namespace ipsec9000
