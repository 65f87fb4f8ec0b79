// "policy.list" of the active rules: what the policies come to on this host, address by address.
#pragma once
#include <vector>

#include "base/json_fwd.hpp"
#include "base/result.hpp"
#include "policy_set.hpp"
#include "xfrm/links.hpp"

namespace ipsec9000 {

// A policy at one address of this host. The kernel's entries are those of the policy: they hold for an address from the
// moment at which it comes up.
struct ActiveRule {
  const LocalAddress* at = nullptr;  // null: as configured
  // "up" or "down", the interface; "absent": this host has no address that the policy is for; "bypassed": none but
  // those of the bypass list; "tunnel": for what the tunnel carries, wherever it comes from; "unknown": the addresses
  // cannot be read.
  const char* state = "unknown";
};

// One for each address that the policy covers (loopback and the bypass list are never covered), at least one.
// `host`: sorted; null where it is not known.
std::vector<ActiveRule> rules_of(const Policy& policy, const Matcher& matcher, const std::vector<LocalAddress>* host);

// The outbound rules of all policies in the order of selection and the default, then all inbound ones; a page of them.
Result<Json> list_active(const PolicySet& set, const std::vector<LocalAddress>* host, const Json& params);

// {"interface", "state"} of a packet's own end; null where it names none.
Json host_end(const IpAddress& local, const std::vector<LocalAddress>* host);

}  // namespace ipsec9000
