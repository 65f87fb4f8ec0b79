#include <algorithm>
#include <map>
#include <tuple>

#include "policy/reader.hpp"

namespace ipsec9000 {

namespace {
// Policies that differ in the ports of one side only have one key.
using PortsLeftOut = std::tuple<std::optional<Prefix>, std::optional<Prefix>, IpProtocol, bool, PortRange>;
struct Ranged {
  PortRange ports;
  std::uint32_t index;
};

bool is_range(const PortRange& ports) { return !ports.is_any() && !ports.is_one(); }

// Of one key: each with the one before it that reaches farthest. One that lies within another is no matter of this
// check: it is an exception from the other one, or shadowed by it.
template <class Take>
void for_each_overlap(std::vector<Ranged>& ranges, Take take) {
  std::sort(ranges.begin(), ranges.end(), [](const Ranged& one, const Ranged& other) {
    return std::pair(one.ports.first, other.ports.last) < std::pair(other.ports.first, one.ports.last);
  });
  const auto* farthest = &ranges.front();
  for (const auto& next : ranges) {
    const auto& ports = farthest->ports;
    if (next.ports.first > ports.first && next.ports.first <= ports.last && next.ports.last > ports.last)
      take(*farthest, next, PortRange{next.ports.first, ports.last});
    if (next.ports.last > ports.last) farthest = &next;
  }
}
}  // namespace

void warn_about_overlaps(const Configuration& configuration, const std::vector<PolicyPositions>& positions,
                         MessageList& messages) {
  std::map<PortsLeftOut, std::vector<Ranged>> alike;
  for (std::uint32_t index = 0; index < configuration.policies.size(); ++index) {
    const auto& filter = configuration.policies[index].filter;
    if (is_range(filter.remote_port))
      alike[{filter.local, filter.remote, filter.protocol, true, filter.local_port}].push_back(
          {filter.remote_port, index});
    if (is_range(filter.local_port))
      alike[{filter.local, filter.remote, filter.protocol, false, filter.remote_port}].push_back(
          {filter.local_port, index});
  }
  for (auto& [key, ranges] : alike) {
    const std::string side = std::get<bool>(key) ? "remote" : "local";
    for_each_overlap(ranges, [&](const Ranged& one, const Ranged& other, const PortRange& both) {
      const auto index = std::max(one.index, other.index);
      const auto& winner = configuration.policies[std::min(one.index, other.index)];
      messages.warning(positions[index].name, pointer_to("/policies", index),
                       "policy \"" + configuration.policies[index].name + "\" overlaps \"" + winner.name +
                           "\": " + side + " ports " + both.to_string() + " are in both, and \"" + winner.name +
                           "\" (place " + std::to_string(winner.place) + ") is chosen for them");
    });
  }
}

}  // namespace ipsec9000
