// What the kernel itself would do with a packet, worked out from a dump of its policies.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "policy/configuration.hpp"
#include "policy/matcher.hpp"
#include "xfrm/types.hpp"

namespace ipsec9000 {

// The policy that wins for the packet: the lowest priority among those of the direction that match. Policies of
// sockets do not count. Null when none matches, and the kernel's default decides.
const PolicyState* kernel_lookup(std::span<const PolicyState> policies, PolicyDirection direction, const Flow& flow);

// allow with templates: secure; allow without: pass; block: discard.
Decision decision_of(const PolicySpec& policy);

// The combinations of masks among entries of a kernel. Each combination has one selector at most that matches a packet,
// so the few entries that are in question for it can be asked for by name, however many there are.
class EntryShapes {
 public:
  void add(const PolicySpec& entry);
  void clear();
  // The key of every entry that can match the packet, if it is there. Entries of a mark or interface are left out.
  std::vector<PolicyKey> keys_for(const Flow& flow, PolicyDirection direction) const;

 private:
  struct Shape {
    PolicyDirection direction;
    Family family;
    unsigned source_length;
    unsigned destination_length;
    bool protocol;
    std::uint16_t source_port;
    std::uint16_t destination_port;
    std::uint32_t owner;
    auto operator<=>(const Shape&) const = default;
  };
  std::set<Shape> shapes_;
  std::optional<Shape> last_;  // added: neighbours are mostly alike
};

// The thresholds for which the kernel finds most policies by hash and few in one chain. Full addresses, which is the
// kernel's own choice, where nothing is better.
HashThresholds choose_thresholds(const Configuration& configuration);

}  // namespace ipsec9000
