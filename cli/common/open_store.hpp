// The key store opened by a tool itself, for when no ikpmd runs that would do it.
#pragma once
#include "cli/common/program.hpp"
#include "keystore/keystore.hpp"

namespace ipsec9000::cli {

// As Keystore::open. A wrong password costs a second and is recorded: by secauditd if that runs, else in the system's
// log (authpriv).
Result<Keystore> open_store(const Context& context, const Secret& password);

// The first password: makes the store, and tells a running ikpmd. already_exists when there is one.
Result<void> create_store(const Context& context, const Secret& password);

}  // namespace ipsec9000::cli
