// ipsec_mgr without a verb.
#pragma once
#include "cli/common/program.hpp"

namespace ipsec9000::screen {

// Gives the exit status: 0 when it was left in order; 2 where there is no terminal; 1 when a signal ended it. What had
// been typed and not saved is then printed as the commands that would do it.
int full_screen(cli::Context& context);

}  // namespace ipsec9000::screen
