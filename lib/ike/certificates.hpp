// Which certificate of ours, and what to say about one of the peer's.
#pragma once
#include <memory>
#include <optional>

#include "ike/types.hpp"

namespace ipsec9000::ike {

// Of those with a key for the policy's method that are valid `now`: the one that has the policy's local_id; without one
// the one that has the address `local`, else any. One under a CA that the peer asked for comes first, also where
// another has the address; where none is, the peer may have told us a part of what it takes, and gets what it would get
// without a wish. The error is a sentence about what is missing.
Result<std::shared_ptr<const pki::Credential>> choose_own(const std::shared_ptr<const pki::Credentials>& ours,
                                                          const IsakmpPolicy& policy, const IpAddress& local,
                                                          WallTime now, const CertificateWish& wish = {});

// "the peer asks for certificates of O=X, ours is from O=Y": where that is so; else "".
std::string unwanted_text(const pki::Credential& own, const std::vector<Bytes>& authorities);

// What was found out about the peer's certificate and signature: nothing, or why it is refused. Fatal where the peer
// really signed with what is refused, so that asking again cannot help.
std::optional<Refusal> judge(const VerifyOutcome& outcome);

}  // namespace ipsec9000::ike
