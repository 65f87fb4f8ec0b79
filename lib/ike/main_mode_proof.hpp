// Messages 5 and 6 of Main Mode: how each end proves itself and weighs the other's proof. Internal to lib/ike.
#pragma once
#include "ike/main_mode.hpp"

namespace ipsec9000::ike::main_mode {

// Our proof, at once or after a job: message 5, or as responder (`accepted` is there) message 6.
Outcome prove(Signing state, const Context& context);
// The peer's proof, at once or after a job.
Outcome check(const AuthSent& state, const AuthMessage& message, const Context& context);
Outcome check(const KeyReplied& state, const AuthMessage& message, const Context& context);

}  // namespace ipsec9000::ike::main_mode
