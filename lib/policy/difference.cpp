#include "policy/difference.hpp"

#include <algorithm>
#include <unordered_map>

#include "policy/tuple_space.hpp"

namespace ipsec9000 {

namespace {
struct HashKey {
  std::size_t operator()(const PolicyKey& key) const noexcept {
    return HashSelector{}(key.selector) * 31 + (key.owner << 2) + static_cast<std::size_t>(key.direction);
  }
};
// splitmix64
std::uint64_t mixed(std::uint64_t state, std::uint64_t value) {
  state += value + 0x9e3779b97f4a7c15u;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
  state = (state ^ (state >> 27)) * 0x94d049bb133111ebu;
  return state ^ (state >> 31);
}
std::uint64_t mixed(std::uint64_t state, const IpAddress& address) {
  const auto bits = bits_of(address);
  return mixed(mixed(mixed(state, address.bits()), bits.high), bits.low);
}
std::uint64_t mixed(std::uint64_t state, const PortMask& port) {
  return mixed(state, (std::uint64_t{port.value} << 16) | port.mask);
}

std::uint64_t mixed(std::uint64_t state, const KernelSelector& selector) {
  for (const auto& end : {selector.source, selector.destination})
    state = mixed(mixed(state, end.address()), end.length());
  state = mixed(state, static_cast<std::uint64_t>(selector.protocol));
  return mixed(mixed(state, selector.source_port), selector.destination_port);
}

std::uint64_t mixed(std::uint64_t state, const Template& layer) {
  state = mixed(state, static_cast<std::uint64_t>(layer.protocol));
  state = mixed(state, static_cast<std::uint64_t>(layer.mode));
  state = mixed(state, (std::uint64_t{layer.reqid} << 2) | (layer.optional ? 2u : 0u) | (layer.endpoints ? 1u : 0u));
  return layer.endpoints ? mixed(mixed(state, layer.endpoints->source), layer.endpoints->destination) : state;
}
}  // namespace

void Digest::add(const PolicySpec& entry) {
  auto state = mixed(0, entry.selector);
  state = mixed(state, static_cast<std::uint64_t>(entry.direction));
  state = mixed(state, static_cast<std::uint64_t>(entry.action));
  state = mixed(state, (std::uint64_t{entry.priority} << 32) | entry.owner);
  state = mixed(state, entry.mark ? (std::uint64_t{entry.mark->value} << 32) | entry.mark->mask : 0);
  state = mixed(state, (std::uint64_t{entry.interface_id} << 1) | (entry.match_icmp_errors ? 1u : 0u));
  state = mixed(state, entry.templates.size());
  for (const auto& layer : entry.templates) state = mixed(state, layer);
  sum_ += state;
  ++count_;
}

std::vector<PolicyStep> difference(std::span<const PolicyState> present, std::span<const CompiledPolicy> wanted) {
  struct Old {
    const PolicyState* state;
    bool stays = false;
  };
  std::unordered_map<PolicyKey, Old, HashKey> old;
  old.reserve(present.size());
  for (const auto& state : present) old.emplace(state.spec.key(), Old{&state});
  std::vector<PolicyStep> steps;
  for (const auto& entry : wanted) {
    const auto found = old.find(entry.spec.key());
    if (found == old.end()) {
      steps.push_back({PolicyStep::Kind::add, entry.spec, 0});
      continue;
    }
    found->second.stays = true;
    if (found->second.state->spec != entry.spec)
      steps.push_back({PolicyStep::Kind::update, entry.spec, found->second.state->index});
  }
  const auto first_removal = static_cast<std::ptrdiff_t>(steps.size());
  for (const auto& [key, entry] : old)
    if (!entry.stays) steps.push_back({PolicyStep::Kind::remove, entry.state->spec, entry.state->index});
  std::sort(steps.begin() + first_removal, steps.end(), [](const auto& a, const auto& b) {
    return std::tie(b.spec.priority, a.index) < std::tie(a.spec.priority, b.index);
  });
  return steps;
}

}  // namespace ipsec9000
