#include "policy/compile.hpp"

#include <array>
#include <unordered_map>
#include <unordered_set>

#include "policy/entries.hpp"
#include "policy/matcher.hpp"
#include "policy/priorities.hpp"
#include "policy/selection.hpp"
#include "policy/tuple_space.hpp"

namespace ipsec9000 {

namespace {
constexpr std::array families{Family::ipv4, Family::ipv6};

struct Place {
  KernelSelector selector;
  PolicyDirection direction;
  bool operator==(const Place&) const = default;
};
struct HashPlace {
  std::size_t operator()(const Place& place) const noexcept {
    return HashSelector{}(place.selector) * 31 + static_cast<std::size_t>(place.direction);
  }
};
struct Present {
  std::uint32_t owner;
  std::uint32_t priority;
};

class Compiler {
 public:
  Compiler(const Configuration& configuration, std::span<const std::uint32_t> reqids,
           std::span<const PolicyState> present)
      : configuration_(configuration), reqids_(reqids), order_(selection_order(configuration)) {
    for (const auto& state : present) {
      taken_.insert(state.spec.priority);
      present_[{state.spec.selector, state.spec.direction}].push_back({state.spec.owner, state.spec.priority});
    }
    for (const auto& policy : configuration.policies) tunnels_ = tunnels_ || policy.tunnel.has_value();
  }

  std::vector<CompiledPolicy> compile() {
    add_neighbour_discovery();
    add_bypass();
    add_policies();
    add_tunnel_exits();
    add_default();
    return std::move(entries_);
  }

 private:
  void add_neighbour_discovery() {
    for (auto type = neighbour_discovery_first; type <= neighbour_discovery_last; ++type) {
      auto selector = KernelSelector::any(Family::ipv6);
      selector.protocol = IpProtocol::icmpv6;
      selector.source_port = PortMask::one(type);
      for (const auto direction : {PolicyDirection::out, PolicyDirection::in})
        add(selector, direction, system_priority, EntryRole::system);
    }
  }

  void add_bypass() {
    for (const auto& address : configuration_.bypass) {
      auto selector = KernelSelector::any(address.family());
      selector.source = Prefix(address);
      add(selector, PolicyDirection::out, bypass_priority, EntryRole::bypass);
      add(mirrored(selector), PolicyDirection::in, bypass_priority, EntryRole::bypass);
    }
  }

  void add_policies() {
    const auto priorities = assign_priorities(configuration_, order_, preferences(), taken_);
    for (std::size_t rank = 0; rank < order_.size(); ++rank)
      add_policy(configuration_.policies[order_[rank]], priorities[rank]);
  }

  // The priority that each policy has in the kernel, by the first of its entries that no better policy has.
  std::vector<std::optional<std::uint32_t>> preferences() const {
    std::vector<std::optional<std::uint32_t>> wishes(order_.size());
    if (present_.empty()) return wishes;
    std::unordered_set<KernelSelector, HashSelector> claimed;
    for (std::size_t rank = 0; rank < order_.size(); ++rank)
      for_each_selector(configuration_.policies[order_[rank]].filter, [&](const KernelSelector& selector) {
        if (!claimed.insert(selector).second || wishes[rank]) return;
        // Where a bypass has the selector in `in` and `out`, the policy may still stand in `forward`.
        const bool bypassed = placed_.contains({selector, PolicyDirection::out});
        const auto found = bypassed ? present_.find({mirrored(selector), PolicyDirection::forward})
                                    : present_.find({selector, PolicyDirection::out});
        if (found != present_.end()) wishes[rank] = found->second.front().priority;
      });
    return wishes;
  }

  void add_policy(const Policy& policy, std::uint32_t priority) {
    const auto action = policy.action == Decision::discard ? PolicyAction::block : PolicyAction::allow;
    for (const auto direction : entry_directions) {
      if (direction == PolicyDirection::forward && !tunnels_) continue;
      const auto layers = templates_of(policy, reqids_[policy.place - 1], direction);
      for_each_selector(policy.filter, [&](const KernelSelector& selector) {
        add(direction == PolicyDirection::out ? selector : mirrored(selector), direction, priority, EntryRole::policy,
            action, layers, policy.place);
      });
    }
  }

  // A packet from the net behind us that is to leave through a tunnel is judged in `forward` first, where it is in
  // clear as it must be; `out` decides about it right afterwards.
  void add_tunnel_exits() {
    if (configuration_.default_action != Decision::discard) return;
    auto priority = tunnel_exit_priority;
    for (const auto& policy : configuration_.policies)
      for (const auto family : families)
        if (policy.tunnel && policy.filter.allows(family))
          add({policy.filter.local_prefix(family), policy.filter.remote_prefix(family), IpProtocol::any, {}, {}},
              PolicyDirection::forward, priority++, EntryRole::tunnel_exit);
  }

  void add_default() {
    const auto action = configuration_.default_action == Decision::discard ? PolicyAction::block : PolicyAction::allow;
    for (const auto direction : entry_directions)
      for (const auto family : families)
        add(KernelSelector::any(family), direction, default_priority, EntryRole::fallback, action);
  }

  void add(const KernelSelector& selector, PolicyDirection direction, std::uint32_t priority, EntryRole role,
           PolicyAction action = PolicyAction::allow, const std::vector<Template>& layers = {},
           std::uint32_t place = 0) {
    if (!placed_.insert({selector, direction}).second) return;  // a better one has it
    CompiledPolicy entry;
    entry.spec.selector = selector;
    entry.spec.direction = direction;
    entry.spec.action = action;
    entry.spec.priority = priority;
    entry.spec.templates = layers;
    entry.spec.owner = owner_for(selector, direction, priority);
    entry.role = role;
    entry.place = place;
    entries_.push_back(std::move(entry));
  }

  // The mark of the entry that is there with this priority; else one with which none is there.
  std::uint32_t owner_for(const KernelSelector& selector, PolicyDirection direction, std::uint32_t priority) const {
    const auto found = present_.find({selector, direction});
    if (found == present_.end()) return policy_owner;
    std::uint32_t used = 0;
    for (const auto& entry : found->second) {
      if (entry.priority == priority) return entry.owner;
      used |= 1u << (entry.owner - policy_owner);
    }
    for (std::uint32_t n = 0; n < policy_owner_count; ++n)
      if ((used & (1u << n)) == 0) return policy_owner + n;
    return policy_owner;
  }

  const Configuration& configuration_;
  std::span<const std::uint32_t> reqids_;
  std::vector<std::uint32_t> order_;
  bool tunnels_ = false;
  std::unordered_map<Place, std::vector<Present>, HashPlace> present_;
  std::unordered_set<std::uint32_t> taken_;
  std::unordered_set<Place, HashPlace> placed_;
  std::vector<CompiledPolicy> entries_;
};
}  // namespace

std::size_t HashSelector::operator()(const KernelSelector& selector) const noexcept {
  const auto ports = [](PortMask port) { return static_cast<std::uint16_t>(port.value ^ (port.mask * 0x9e37u)); };
  TupleKey key{bits_of(selector.source.address()), bits_of(selector.destination.address()), ports(selector.source_port),
               ports(selector.destination_port), static_cast<std::uint8_t>(selector.protocol)};
  key.local.low ^= (std::uint64_t{selector.source.length()} << 16) | selector.destination.length();
  key.local.low ^= static_cast<std::uint64_t>(selector.family()) << 32;
  return HashTupleKey{}(key);
}

std::vector<CompiledPolicy> compile(const Configuration& configuration, std::span<const std::uint32_t> reqids,
                                    std::span<const PolicyState> present) {
  return Compiler(configuration, reqids, present).compile();
}

}  // namespace ipsec9000
