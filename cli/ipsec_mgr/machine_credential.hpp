// The key of this machine as a credential of systemd, where that starts our daemons: encrypted with a key that this
// machine's TPM keeps, or, where there is none, one that only root can read; ikpmd.service hands it to ikpmd in clear.
// Without systemd the key stays what the key store has made: a file that only root can read.
#pragma once
#include <string>

#include "base/files.hpp"

namespace ipsec9000::cli {

struct MachineKeyPlace {
  bool credential = false;
  std::string why_not;  // systemd is there, but would not encrypt it; else ""
};

// After Keystore::set_machine_slot(on): makes the credential of the key file, and removes that. Whatever fails leaves
// the file, which does as well.
MachineKeyPlace bind_machine_key(const Paths& paths);

// Removes credential and file; no error when there is none. After the slot, so that a failure keeps no useless key.
Result<void> forget_machine_key(const Paths& paths);

}  // namespace ipsec9000::cli
