#include "support/fake_kernel.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace ipsec9000 {

namespace {

Error refusal(ErrorCode code, const char* reason) { return Error{code, reason}; }
Error exists() { return refusal(ErrorCode::already_exists, "File exists"); }
Error missing_policy() { return refusal(ErrorCode::not_found, "No such file or directory"); }
Error missing_sa() { return refusal(ErrorCode::not_found, "No such process"); }

EventGroup group_of(const Event& event) {
  return std::visit(
      [](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, Acquire>) return EventGroup::acquire;
        if constexpr (std::is_same_v<T, Expire>) return EventGroup::expire;
        if constexpr (std::is_same_v<T, PolicyChanged>) return EventGroup::policy;
        if constexpr (std::is_same_v<T, Flushed>) return value.policies ? EventGroup::policy : EventGroup::sa;
        if constexpr (std::is_same_v<T, Mapping>) return EventGroup::mapping;
        return EventGroup::sa;
      },
      event);
}

// As a dump or an event gives it: without keys unless they are asked for, and without the selector's absence lost.
SaState copy_of(const SaState& state, Keys keys) {
  SaState copy{state.spec.clone(),     state.condition,          state.current,  state.sequence, state.replay,
               state.replayed_packets, state.integrity_failures, state.last_used};
  copy.spec.acquire_sequence = 0;
  if (keys == Keys::include) return copy;
  if (copy.spec.encryption) copy.spec.encryption->key = Secret();
  if (copy.spec.authentication) copy.spec.authentication->key = Secret();
  return copy;
}

Event copy_of(const Event& event) {
  return std::visit(
      [](const auto& value) -> Event {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, SaChanged>)
          return SaChanged{value.change, value.sender, copy_of(value.sa, Keys::leave_out)};
        else
          return value;
      },
      event);
}

template <class Wanted, class Operation>
std::vector<BatchFailure> each(std::span<const Wanted> wanted, Operation operation) {
  std::vector<BatchFailure> failures;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (auto done = operation(wanted[i]); !done) failures.push_back({i, done.error()});
  return failures;
}

}  // namespace

// Shared between the kernel, which fills it, and the source that a test or a daemon holds.
class FakeKernel::Listener {
 public:
  explicit Listener(std::span<const EventGroup> groups)
      : groups_(groups.begin(), groups.end()), fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  int fd() const { return fd_.get(); }
  void tell(const Event& event) {
    if (groups_.contains(group_of(event))) push(copy_of(event));
  }
  void lose() {
    events_.clear();
    push(MonitorOverrun{});
  }
  std::vector<Event> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto size = ::read(fd_.get(), &count, sizeof count);
    return std::exchange(events_, {});
  }

 private:
  void push(Event event) {
    events_.push_back(std::move(event));
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto size = ::write(fd_.get(), &one, sizeof one);
  }
  std::set<EventGroup> groups_;
  std::vector<Event> events_;
  FileDescriptor fd_;
};

namespace {
template <class Listener>
class ListenerSource final : public EventSource {
 public:
  explicit ListenerSource(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}
  int fd() const override { return listener_->fd(); }
  Result<std::vector<Event>> read_events() override { return listener_->take(); }

 private:
  std::shared_ptr<Listener> listener_;
};
}  // namespace

FakeKernel::FakeKernel() : capabilities_{"fake", true, true, true, true, {}} {}
FakeKernel::~FakeKernel() = default;

void FakeKernel::fail_next(Error error, std::size_t after, std::size_t times) {
  failure_ = std::move(error);
  failure_times_ = times;
  failure_after_ = after;
}

Result<void> FakeKernel::begin(const std::string& operation) {
  if (each_takes_.count() != 0) std::this_thread::sleep_for(each_takes_);
  if (failure_ && failure_after_ == 0) {
    const auto error = failure_->within(operation);
    if (--failure_times_ == 0) failure_.reset();
    return error;
  }
  if (failure_) --failure_after_;
  log_.push_back(operation);
  return {};
}

void FakeKernel::emit(const Event& event) {
  std::erase_if(listeners_, [](const auto& listener) { return listener.use_count() == 1; });
  for (const auto& listener : listeners_) listener->tell(event);
}

void FakeKernel::lose_events() {
  for (const auto& listener : listeners_) listener->lose();
}

Result<std::unique_ptr<EventSource>> FakeKernel::open_events(std::span<const EventGroup> groups) {
  if (auto done = begin("open events"); !done) return done.error();
  listeners_.push_back(std::make_shared<Listener>(groups));
  return std::unique_ptr<EventSource>(std::make_unique<ListenerSource<Listener>>(listeners_.back()));
}

// ---- policies ---------------------------------------------------------------------------------------------------

Result<void> FakeKernel::insert_policy(const PolicySpec& policy, bool replace, std::uint32_t sender) {
  const auto old = policies_.find(policy.key());
  if (old != policies_.end() && !replace) return exists();
  const bool known = old != policies_.end();
  const std::uint32_t index =
      known ? old->second.index : (next_index_++ << 3) | static_cast<std::uint32_t>(policy.direction);
  const PolicyState state{policy, index, {0, 0, now_, 0}};
  policies_.insert_or_assign(policy.key(), state);
  emit(PolicyChanged{replace ? Change::updated : Change::added, sender, state});
  return {};
}

Result<void> FakeKernel::erase_policy(const PolicyKey& key, std::uint32_t sender) {
  const auto found = policies_.find(key);
  if (found == policies_.end()) return missing_policy();
  const auto state = found->second;
  policies_.erase(found);
  emit(PolicyChanged{Change::deleted, sender, state});
  return {};
}

Result<void> FakeKernel::add_policy(const PolicySpec& policy) {
  const auto operation = "add policy " + policy.to_string();
  if (auto done = begin(operation); !done) return done;
  if (auto done = check(policy); !done) return done.error().within(operation);
  if (auto done = insert_policy(policy, false, own_port); !done) return done.error().within(operation);
  return {};
}

Result<void> FakeKernel::update_policy(const PolicySpec& policy) {
  const auto operation = "update policy " + policy.to_string();
  if (auto done = begin(operation); !done) return done;
  if (auto done = check(policy); !done) return done.error().within(operation);
  return insert_policy(policy, true, own_port);
}

Result<void> FakeKernel::delete_policy(const PolicyHandle& policy) {
  const auto operation = "delete policy " + policy.to_string();
  if (auto done = begin(operation); !done) return done;
  const auto found = std::find_if(policies_.begin(), policies_.end(),
                                  [&](const auto& entry) { return entry.second.handle() == policy; });
  if (found == policies_.end()) return missing_policy().within(operation);
  return erase_policy(PolicyKey(found->first), own_port);
}

Result<void> FakeKernel::delete_policy(const PolicyKey& key) {
  const auto operation = "delete policy " + key.to_string();
  if (auto done = begin(operation); !done) return done;
  if (auto done = erase_policy(key, own_port); !done) return done.error().within(operation);
  return {};
}

std::vector<BatchFailure> FakeKernel::add_policies(std::span<const PolicySpec> policies) {
  return each(policies, [&](const PolicySpec& policy) { return add_policy(policy); });
}

std::vector<BatchFailure> FakeKernel::update_policies(std::span<const PolicySpec> policies) {
  return each(policies, [&](const PolicySpec& policy) { return update_policy(policy); });
}

std::vector<BatchFailure> FakeKernel::delete_policies(std::span<const PolicyHandle> policies) {
  return each(policies, [&](const PolicyHandle& policy) { return delete_policy(policy); });
}

Result<PolicyState> FakeKernel::get_policy(const PolicyKey& key) {
  const auto operation = "read policy " + key.to_string();
  if (auto done = begin(operation); !done) return done.error();
  const auto found = policies_.find(key);
  if (found == policies_.end()) return missing_policy().within(operation);
  return found->second;
}

std::vector<PolicyState> FakeKernel::policies() const {
  std::vector<PolicyState> all;
  for (const auto& [key, state] : policies_) all.push_back(state);
  return all;
}

Result<std::vector<PolicyState>> FakeKernel::dump_policies() {
  if (auto done = begin("dump policies"); !done) return done.error();
  return policies();
}

// As the kernel does: what comes behind the place where it stopped is still told.
class FakeKernel::PolicyPieces final : public PolicyDump {
 public:
  explicit PolicyPieces(FakeKernel& kernel) : kernel_(kernel) {}

  Result<std::vector<PolicyState>> next() override {
    if (auto done = kernel_.begin("read a piece of the policies"); !done) return done.error();
    std::vector<PolicyState> some;
    auto at = last_ ? kernel_.policies_.upper_bound(*last_) : kernel_.policies_.begin();
    for (; at != kernel_.policies_.end() && some.size() < policies_a_piece; ++at) {
      some.push_back(at->second);
      last_ = at->first;
    }
    return some;
  }

 private:
  FakeKernel& kernel_;
  std::optional<PolicyKey> last_;
};

Result<std::unique_ptr<PolicyDump>> FakeKernel::open_policy_dump() {
  if (auto done = begin("open a policy dump"); !done) return done.error();
  return std::unique_ptr<PolicyDump>(new PolicyPieces(*this));
}

Result<std::vector<PolicyState>> FakeKernel::policies_for(const Flow& flow, PolicyDirection direction) {
  auto all = dump_policies();
  if (all)
    std::erase_if(*all, [&](const PolicyState& policy) {
      return policy.spec.direction != direction || !policy.spec.selector.matches(flow);
    });
  return all;
}

Result<void> FakeKernel::set_default(const DefaultActions& actions) {
  if (auto done = begin("set default"); !done) return done;
  if (actions.in) defaults_.in = actions.in;
  if (actions.forward) defaults_.forward = actions.forward;
  if (actions.out) defaults_.out = actions.out;
  return {};
}

Result<DefaultActions> FakeKernel::get_default() {
  if (auto done = begin("get default"); !done) return done.error();
  return defaults_;
}

Result<void> FakeKernel::set_hash_thresholds(const HashThresholds& thresholds) {
  if (auto done = begin("set hash thresholds"); !done) return done;
  if (thresholds.ipv4) thresholds_.ipv4 = thresholds.ipv4;
  if (thresholds.ipv6) thresholds_.ipv6 = thresholds.ipv6;
  return {};
}

Result<SpdInfo> FakeKernel::spd_info() {
  if (auto done = begin("read SPD figures"); !done) return done.error();
  SpdInfo info;
  for (const auto& [key, state] : policies_) {
    if (key.direction == PolicyDirection::in) ++info.in;
    if (key.direction == PolicyDirection::out) ++info.out;
    if (key.direction == PolicyDirection::forward) ++info.forward;
  }
  info.hash_buckets = 8;
  info.thresholds = thresholds_;
  return info;
}

void FakeKernel::flush_policies() {
  policies_.clear();
  emit(Flushed{true, foreign_port});
}

// Another program's doing. That there is nothing to delete is no concern of the test's.
void FakeKernel::delete_foreign(const PolicyKey& key) { [[maybe_unused]] auto done = erase_policy(key, foreign_port); }
void FakeKernel::add_foreign(const PolicySpec& policy) {
  [[maybe_unused]] auto done = insert_policy(policy, false, foreign_port);
}

// ---- SAs --------------------------------------------------------------------------------------------------------

Result<void> FakeKernel::erase_sa(const SaId& sa, std::uint32_t sender) {
  const auto found = sas_.find(sa);
  if (found == sas_.end()) return missing_sa();
  auto state = copy_of(found->second.state, Keys::leave_out);
  sas_.erase(found);
  emit(SaChanged{Change::deleted, sender, std::move(state)});
  return {};
}

// An SA that comes up ends the wait of the larval one it answers: that of its sequence, or of its ends and reqid.
void FakeKernel::answer_larval(const SaSpec& sa) {
  const auto answered = [&](const SaState& larval) {
    const auto& waiting = larval.spec;
    if (waiting.protocol != sa.protocol || waiting.destination != sa.destination) return false;
    if (sa.acquire_sequence != 0 && larval.sequence == sa.acquire_sequence) return true;
    return waiting.source == sa.source && waiting.reqid == sa.reqid && waiting.mode == sa.mode;
  };
  if (const auto found = std::find_if(larvals_.begin(), larvals_.end(), answered); found != larvals_.end())
    larvals_.erase(found);
}

void FakeKernel::insert_sa(const SaSpec& sa) {
  answer_larval(sa);
  Sa entry;
  entry.state.spec = sa.clone();
  entry.state.sequence = sa.acquire_sequence;
  entry.state.current.add_time = now_;
  entry.order = next_order_++;
  sas_.insert_or_assign(sa.id(), std::move(entry));
}

Result<void> FakeKernel::add_sa(const SaSpec& sa) {
  const auto operation = "add SA " + sa.to_string();
  if (auto done = begin(operation); !done) return done;
  if (auto done = check(sa); !done) return done.error().within(operation);
  if (sas_.contains(sa.id())) return exists().within(operation);
  insert_sa(sa);
  emit(SaChanged{Change::added, own_port, copy_of(sas_.at(sa.id()).state, Keys::leave_out)});
  return {};
}

Result<void> FakeKernel::update_sa(const SaSpec& sa) {
  const auto operation = "update SA " + sa.to_string();
  if (auto done = begin(operation); !done) return done;
  if (auto done = check(sa); !done) return done.error().within(operation);
  const auto found = sas_.find(sa.id());
  if (found == sas_.end()) return missing_sa().within(operation);
  if (found->second.state.condition == SaCondition::larval) {
    insert_sa(sa);
  } else {  // a mature SA takes over only what may change in use
    auto& spec = found->second.state.spec;
    spec.soft = sa.soft;
    spec.hard = sa.hard;
    spec.encapsulation = sa.encapsulation;
  }
  emit(SaChanged{Change::updated, own_port, copy_of(sas_.at(sa.id()).state, Keys::leave_out)});
  return {};
}

Result<void> FakeKernel::delete_sa(const SaId& sa) {
  const auto operation = "delete SA " + sa.to_string();
  if (auto done = begin(operation); !done) return done;
  if (auto done = erase_sa(sa, own_port); !done) return done.error().within(operation);
  return {};
}

std::vector<BatchFailure> FakeKernel::add_sas(std::span<const SaSpec> sas) {
  return each(sas, [&](const SaSpec& sa) { return add_sa(sa); });
}

std::vector<BatchFailure> FakeKernel::delete_sas(std::span<const SaId> sas) {
  return each(sas, [&](const SaId& sa) { return delete_sa(sa); });
}

Result<SaState> FakeKernel::get_sa(const SaId& sa, Keys keys) {
  const auto operation = "read SA " + sa.to_string();
  if (auto done = begin(operation); !done) return done.error();
  const auto found = sas_.find(sa);
  if (found == sas_.end()) return missing_sa().within(operation);
  return copy_of(found->second.state, keys);
}

Result<std::vector<SaState>> FakeKernel::dump_sas(Keys keys) {
  if (auto done = begin("dump SAs"); !done) return done.error();
  std::vector<SaState> all;
  for (const auto& [id, sa] : sas_) all.push_back(copy_of(sa.state, keys));
  for (const auto& larval : larvals_) all.push_back(copy_of(larval, keys));
  return all;
}

// Goes on behind the SA where it stopped, as the kernel does; larval SAs come last, all at once.
class FakeKernel::SaPieces final : public SaDump {
 public:
  explicit SaPieces(FakeKernel& kernel) : kernel_(kernel) {}

  Result<std::vector<SaState>> next() override {
    if (auto done = kernel_.begin("read a piece of the SAs"); !done) return done.error();
    std::vector<SaState> some;
    auto at = last_ ? kernel_.sas_.upper_bound(*last_) : kernel_.sas_.begin();
    for (; at != kernel_.sas_.end() && some.size() < sas_a_piece; ++at) {
      some.push_back(copy_of(at->second.state, Keys::leave_out));
      last_ = at->first;
    }
    if (some.empty() && !std::exchange(ended_, true))
      for (const auto& larval : kernel_.larvals_) some.push_back(copy_of(larval, Keys::leave_out));
    return some;
  }

 private:
  FakeKernel& kernel_;
  std::optional<SaId> last_;
  bool ended_ = false;
};

Result<std::unique_ptr<SaDump>> FakeKernel::open_sa_dump() {
  if (auto done = begin("open an SA dump"); !done) return done.error();
  return std::unique_ptr<SaDump>(new SaPieces(*this));
}

Result<std::vector<SaState>> FakeKernel::sas_between(const IpAddress& source, const IpAddress& destination) {
  auto some = dump_sas(Keys::leave_out);
  if (some)
    std::erase_if(*some,
                  [&](const SaState& sa) { return sa.spec.source != source || sa.spec.destination != destination; });
  return some;
}

Result<SadInfo> FakeKernel::sad_info() {
  if (auto done = begin("read SAD figures"); !done) return done.error();
  return SadInfo{static_cast<std::uint32_t>(sas_.size() + larvals_.size()), 8};
}

void FakeKernel::flush_sas() {
  sas_.clear();
  larvals_.clear();
  emit(Flushed{false, foreign_port});
}

void FakeKernel::delete_foreign(const SaId& sa) { [[maybe_unused]] auto done = erase_sa(sa, foreign_port); }

Result<void> FakeKernel::set_socket_bypass(int fd, Family family) {
  if (auto done = begin("bypass socket"); !done) return done;
  if (family != Family::ipv4 && family != Family::ipv6) return refusal(ErrorCode::invalid_input, "Invalid argument");
  bypassed_.insert(fd);
  return {};
}

Result<void> FakeKernel::enable_udp_encapsulation(int fd) {
  if (auto done = begin("enable UDP encapsulation"); !done) return done;
  encapsulating_.insert(fd);
  return {};
}

Result<Capabilities> FakeKernel::probe() {
  if (auto done = begin("probe"); !done) return done.error();
  return capabilities_;
}

}  // namespace ipsec9000
