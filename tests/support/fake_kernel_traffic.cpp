// The fake kernel's packets and time: which policy, which SA, what expires.
#include <algorithm>

#include "support/fake_kernel.hpp"

namespace ipsec9000 {

namespace {

bool overlap(const PortMask& a, const PortMask& b) { return ((a.value ^ b.value) & a.mask & b.mask) == 0; }

bool overlap(const KernelSelector& a, const KernelSelector& b) {
  return a.source.overlaps(b.source) && a.destination.overlaps(b.destination) &&
         (a.protocol == IpProtocol::any || b.protocol == IpProtocol::any || a.protocol == b.protocol) &&
         overlap(a.source_port, b.source_port) && overlap(a.destination_port, b.destination_port);
}

TunnelEndpoints ends_of(const Template& layer, const Flow& flow) {
  return layer.mode == Mode::tunnel && layer.endpoints ? *layer.endpoints
                                                       : TunnelEndpoints{flow.source, flow.destination};
}

bool reached(std::uint64_t limit, std::uint64_t value) { return limit != 0 && value >= limit; }

bool has_expired(const LifetimeLimits& limits, const LifetimeCurrent& current, std::uint64_t now) {
  return reached(limits.bytes, current.bytes) || reached(limits.packets, current.packets) ||
         reached(limits.seconds, now - current.add_time) ||
         (current.use_time != 0 && reached(limits.use_seconds, now - current.use_time));
}

}  // namespace

Result<std::optional<PolicyState>> FakeKernel::lookup(PolicyDirection direction, const Flow& flow) const {
  const PolicyState* best = nullptr;
  const PolicyState* tied = nullptr;
  for (const auto& [key, state] : policies_) {
    if (key.direction != direction || !key.selector.matches(flow)) continue;
    if (best != nullptr && state.spec.priority == best->spec.priority) tied = &state;
    if (best != nullptr && state.spec.priority >= best->spec.priority) continue;
    best = &state;
    tied = nullptr;
  }
  if (tied != nullptr)
    return Error{ErrorCode::internal,
                 flow.to_string() + " meets a tie: " + best->spec.to_string() + " and " + tied->spec.to_string()};
  return best == nullptr ? std::optional<PolicyState>{} : std::optional(*best);
}

std::optional<std::string> FakeKernel::find_tie() const {
  std::map<std::pair<PolicyDirection, std::uint32_t>, std::vector<const PolicySpec*>> ranks;
  for (const auto& [key, state] : policies_) {
    auto& rank = ranks[{key.direction, state.spec.priority}];
    for (const auto* other : rank)
      if (overlap(other->selector, key.selector)) return other->to_string() + " and " + state.spec.to_string();
    rank.push_back(&state.spec);
  }
  return std::nullopt;
}

std::optional<SaId> FakeKernel::find_sa(const Template& layer, const Flow& flow) const {
  const auto ends = ends_of(layer, flow);
  const Sa* best = nullptr;
  for (const auto& [id, sa] : sas_) {
    const auto& spec = sa.state.spec;
    if (sa.state.condition == SaCondition::larval || spec.protocol != layer.protocol || spec.mode != layer.mode ||
        spec.reqid != layer.reqid || spec.source != ends.source || spec.destination != ends.destination)
      continue;
    if (spec.selector && !spec.selector->matches(flow)) continue;
    // An SA that is not dying goes first, then the newest.
    const auto rank = [](const Sa& each) { return std::tuple(!each.dying, each.state.current.add_time, each.order); };
    if (best == nullptr || rank(sa) > rank(*best)) best = &sa;
  }
  return best == nullptr ? std::nullopt : std::optional(best->state.spec.id());
}

Result<FakeKernel::Sent> FakeKernel::send(const Flow& flow) {
  const auto found = lookup(PolicyDirection::out, flow);
  if (!found) return found.error();
  if (!*found) return Sent{defaults_.out == PolicyAction::block ? Outcome::blocked : Outcome::clear};
  const auto& policy = **found;
  if (policy.spec.action == PolicyAction::block) return Sent{Outcome::blocked};
  Sent sent;
  for (std::size_t i = 0; i < policy.spec.templates.size(); ++i) {
    const auto& layer = policy.spec.templates[i];
    if (const auto sa = find_sa(layer, flow)) {
      sent.sas.push_back(*sa);
    } else if (!layer.optional) {
      acquire(policy, i, flow);
      return Sent{Outcome::held};
    }
  }
  if (!sent.sas.empty()) sent.outcome = Outcome::secured;
  return sent;
}

void FakeKernel::acquire(const PolicyState& policy, std::size_t wanted, const Flow& flow) {
  const auto& layer = policy.spec.templates[wanted];
  const auto ends = ends_of(layer, flow);
  const auto waits_already = [&](const SaState& state) {
    const auto& spec = state.spec;
    return state.condition == SaCondition::larval && spec.source == ends.source &&
           spec.destination == ends.destination && spec.reqid == layer.reqid && spec.mode == layer.mode &&
           spec.protocol == layer.protocol;
  };
  if (std::any_of(larvals_.begin(), larvals_.end(), waits_already)) return;
  if (std::any_of(sas_.begin(), sas_.end(), [&](const auto& entry) { return waits_already(entry.second.state); }))
    return;
  SaState larval;
  larval.spec.source = ends.source;
  larval.spec.destination = ends.destination;
  larval.spec.protocol = layer.protocol;
  larval.spec.mode = layer.mode;
  larval.spec.reqid = layer.reqid;
  larval.spec.selector = KernelSelector::of(flow);
  larval.spec.hard.seconds = acquire_expires;
  larval.condition = SaCondition::larval;
  larval.current.add_time = now_;
  larval.sequence = next_sequence_++;
  emit(Acquire{larval.sequence, ends.source, ends.destination, layer.protocol, flow, policy, wanted});
  larvals_.push_back(std::move(larval));
}

Result<bool> FakeKernel::accepts(const Flow& flow, const std::vector<SaId>& through, PolicyDirection direction) const {
  // Each SA must have had room for the packet, and at the host's own layers none may be left over.
  for (const auto& id : through) {
    const auto sa = sas_.find(id);
    if (sa == sas_.end()) return false;
    if (const auto& selector = sa->second.state.spec.selector; selector && !selector->matches(flow)) return false;
  }
  const auto is_tunnel = [&](const SaId& id) { return sas_.at(id).state.spec.mode == Mode::tunnel; };
  const auto found = lookup(direction, flow);
  if (!found) return found.error();
  if (!*found) {
    const auto& action = direction == PolicyDirection::in ? defaults_.in : defaults_.forward;
    return action != PolicyAction::block && std::none_of(through.begin(), through.end(), is_tunnel);
  }
  const auto& policy = (*found)->spec;
  if (policy.action == PolicyAction::block) return false;
  auto next = through.begin();
  for (auto layer = policy.templates.rbegin(); layer != policy.templates.rend(); ++layer) {  // outermost first
    const auto fits = [&](const SaId& id) {
      const auto& spec = sas_.at(id).state.spec;
      const bool ends = layer->mode == Mode::transport || !layer->endpoints ||
                        *layer->endpoints == TunnelEndpoints{spec.source, spec.destination};
      return spec.protocol == layer->protocol && spec.mode == layer->mode && ends &&
             (layer->reqid == 0 || layer->reqid == spec.reqid);
    };
    if (next != through.end() && fits(*next)) {
      ++next;
    } else if (!layer->optional) {
      return false;
    }
  }
  return std::none_of(next, through.end(), is_tunnel);
}

// ---- SPIs and time ----------------------------------------------------------------------------------------------

SaState* FakeKernel::take_over_larval(const SpiRequest& request) {
  const auto ends_agree = [&](const SaState& state) {
    return state.spec.destination == request.destination && state.spec.protocol == request.protocol;
  };
  for (auto& larval : larvals_)
    if (request.acquire_sequence != 0 && larval.sequence == request.acquire_sequence && ends_agree(larval))
      return &larval;
  for (auto& larval : larvals_)
    if (ends_agree(larval) && larval.spec.source == request.source && larval.spec.mode == request.mode &&
        larval.spec.reqid == request.reqid)
      return &larval;
  return nullptr;
}

Result<Spi> FakeKernel::allocate_spi(const SpiRequest& request) {
  if (auto done = begin("allocate SPI"); !done) return done.error();
  if (auto done = check(request); !done) return done.error();
  const std::uint64_t first = static_cast<std::uint32_t>(request.first);
  const std::uint64_t size = static_cast<std::uint32_t>(request.last) - first + 1;
  SaId id{request.destination, {}, request.protocol};
  for (std::uint64_t tries = 0; tries < std::min<std::uint64_t>(size, sas_.size() + 1); ++tries) {
    id.spi = static_cast<Spi>(static_cast<std::uint32_t>(first + next_spi_++ % size));
    if (!sas_.contains(id)) break;
  }
  if (sas_.contains(id)) return Error{ErrorCode::not_found, "allocate SPI: no free one in the range"};
  Sa entry;
  if (auto* larval = take_over_larval(request); larval != nullptr) {
    entry.state = std::move(*larval);
    larvals_.erase(larvals_.begin() + (larval - larvals_.data()));
  } else {
    entry.state.spec.source = request.source;
    entry.state.spec.destination = request.destination;
    entry.state.spec.protocol = request.protocol;
    entry.state.spec.mode = request.mode;
    entry.state.spec.reqid = request.reqid;
    entry.state.spec.hard.seconds = acquire_expires;
    entry.state.current.add_time = now_;
  }
  entry.state.condition = SaCondition::larval;
  entry.state.spec.spi = id.spi;
  entry.order = next_order_++;
  sas_.insert_or_assign(id, std::move(entry));
  return id.spi;
}

Expire FakeKernel::expiry_of(const SaState& state, bool hard) const {
  return {state.spec.id(), state.spec.source, state.spec.reqid, state.sequence, hard, state.current};
}

void FakeKernel::expire_sas() {
  for (auto at = sas_.begin(); at != sas_.end();) {
    auto& [id, sa] = *at;
    if (has_expired(sa.state.spec.hard, sa.state.current, now_)) {
      const auto event = expiry_of(sa.state, true);
      at = sas_.erase(at);
      emit(event);
      continue;
    }
    if (!sa.dying && has_expired(sa.state.spec.soft, sa.state.current, now_)) {
      sa.dying = true;
      emit(expiry_of(sa.state, false));
    }
    ++at;
  }
  for (auto at = larvals_.begin(); at != larvals_.end();) {
    if (!has_expired(at->spec.hard, at->current, now_)) {
      ++at;
      continue;
    }
    const auto event = expiry_of(*at, true);
    at = larvals_.erase(at);
    emit(event);
  }
}

void FakeKernel::advance(std::uint64_t by) {
  for (std::uint64_t i = 0; i < by; ++i) {
    ++now_;
    expire_sas();
  }
}

void FakeKernel::count(const SaId& sa, std::uint64_t bytes, std::uint64_t packets) {
  const auto found = sas_.find(sa);
  if (found == sas_.end()) return;
  auto& current = found->second.state.current;
  current.bytes += bytes;
  current.packets += packets;
  if (current.use_time == 0) current.use_time = now_;
  found->second.state.last_used = now_;
  expire_sas();
}

}  // namespace ipsec9000
