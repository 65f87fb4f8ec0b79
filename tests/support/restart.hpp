// A daemon that is another one: it knows nothing but what it finds in the kernel.
#pragma once
#include "support/engine_snapshot.hpp"
#include "support/ike_network.hpp"

namespace ipsec9000::test {

// False, and nothing happens, unless the host's kernel has exactly one pair: which of several belong together is for
// ikpmd to find out, not for the engine.
inline bool restart_daemon(Host& host, const Host& peer, const IsakmpPolicy& policy, TimePoint now) {
  ike::AdoptedPair adopted;
  adopted.protection = usual_protection(host, peer);
  for (const auto& [key, sa] : host.installed)
    (sa.direction == Direction::in ? adopted.in_esp : adopted.out_esp) = key.spi;
  if (host.installed.size() != 2 || !adopted.in_esp || !adopted.out_esp) return false;
  ike::EngineSnapshot::reset(host.engine, host.random, host);
  host.engine.configure({policy});
  host.engine.adopt(adopted, now);
  return true;
}

}  // namespace ipsec9000::test
