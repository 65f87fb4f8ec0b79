#include "forwarding.hpp"

#include "base/files.hpp"
#include "base/text.hpp"

namespace ipsec9000 {

bool forwards_packets() {
  for (const char* option : {"/proc/sys/net/ipv4/conf/all/forwarding", "/proc/sys/net/ipv6/conf/all/forwarding"})
    if (const auto value = read_file(option, 64); value && trim(*value) != "0") return true;
  return false;
}

std::optional<Stop> stopped_on_the_way(const Matcher& matcher, const Flow& flow, bool tunnels) {
  Match in;
  in.action = matcher.configuration().default_action;
  if (tunnels) in = matcher.match(flow, Direction::in);
  const auto out = matcher.match(flow, Direction::out);
  // What leaves through a tunnel may come in whatever the default is (compile.hpp).
  const bool exits = in.kind == PolicyKind::fallback && out.policy != nullptr && out.policy->tunnel;
  if (in.action == Decision::discard && !exits) return Stop{Direction::in, in};
  if (out.action == Decision::discard) return Stop{Direction::out, out};
  return std::nullopt;
}

}  // namespace ipsec9000
