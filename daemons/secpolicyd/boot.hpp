// The first stage of a start with the system: the policies, before there is a network, without a key or a daemon.
#pragma once
#include <string>

#include "base/files.hpp"
#include "xfrm/kernel.hpp"

namespace ipsec9000 {

struct BootOutcome {
  int exit_status =
      0;             // as a daemon's: 0 done or not wanted, 1 failed, 2 the configuration is invalid, 4 not permitted
  std::string text;  // one sentence for the journal
};

// "secpolicyd --boot". When nothing keeps IPSec from starting: blocks by default, puts the policies in place, and says
// by the start file that the daemons may follow. When the configuration or the password has been lost, the policies of
// the last configuration are put in place all the same and no daemon follows: what they secure is blocked. On a failure
// half-way the kernel goes on blocking what no policy matches.
BootOutcome install_at_boot(const Paths& paths, Kernel& kernel);

}  // namespace ipsec9000
