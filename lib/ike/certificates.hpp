// Which certificate of ours, and what to say about one of the peer's.
#pragma once
#include <memory>
#include <optional>

#include "ike/types.hpp"

namespace ipsec9000::ike {

// Of those with a key for the policy's method that are valid `now`: the one that has the policy's local_id; without one
// the one that has the address `local`, else any. The error is a sentence about what is missing.
Result<std::shared_ptr<const pki::Credential>> choose_own(const std::shared_ptr<const pki::Credentials>& ours,
                                                          const IsakmpPolicy& policy, const IpAddress& local,
                                                          WallTime now);

// What was found out about the peer's certificate and signature: nothing, or why it is refused. Fatal where the peer
// really signed with what is refused, so that asking again cannot help.
std::optional<Refusal> judge(const VerifyOutcome& outcome);

}  // namespace ipsec9000::ike
