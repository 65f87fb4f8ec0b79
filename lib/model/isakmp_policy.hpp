// How to prove oneself to a peer and protect the negotiation: one entry of "isakmp_policies".
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "base/json_fwd.hpp"
#include "model/identity.hpp"
#include "model/transform.hpp"

namespace ipsec9000 {

enum class AuthenticationMethod : std::uint8_t { psk, rsa_signature, ecdsa_signature };
std::string to_string(AuthenticationMethod method);  // "psk", "rsa-signature", "ecdsa-signature"

struct IsakmpPolicy {
  std::string name;
  unsigned place = 0;            // 1 = first in the file
  std::optional<Prefix> remote;  // absent: any
  AuthenticationMethod authentication = AuthenticationMethod::psk;
  bool aggressive = false;              // Aggressive Mode: as initiator always, as responder where the peer wants it
  std::vector<IkeProposal> proposals;   // in order of preference, at least one
  std::uint32_t lifetime = 28800;       // seconds
  std::uint32_t max_quick_modes = 100;  // 1: an ISAKMP SA for each Quick Mode
  std::optional<Identity> local_id;     // absent: the local address; with certificates see ike::authentication.hpp
  std::optional<Identity> remote_id;    // absent: the remote address

  bool matches(const IpAddress& address) const { return !remote || remote->contains(address); }
  auto operator<=>(const IsakmpPolicy&) const = default;
};

// The first policy in file order whose "remote" holds the address; null when there is none.
const IsakmpPolicy* select_isakmp_policy(const std::vector<IsakmpPolicy>& policies, const IpAddress& remote);

Json to_json(const IsakmpPolicy& policy);
Result<IsakmpPolicy> isakmp_policy_from_json(const Json& json);

}  // namespace ipsec9000
