// The key by which this machine opens the key store at boot: what is wrong with it, seen from outside of ikpmd.
#pragma once
#include <functional>
#include <optional>

#include "base/files.hpp"
#include "policy/boot.hpp"

namespace ipsec9000::cli {

inline constexpr auto credential_program = "/usr/bin/systemd-creds";

struct MachineKeyWitness {
  bool units = false;    // systemd hands ikpmd the key from a credential
  bool refused = false;  // ikpmd runs, and the key that it was given was not that of the store
  // Whether systemd can unseal the credential; asked last, as a TPM may take seconds. Empty: not to be asked.
  std::function<bool()> unseals;
};

// Nothing when this machine will open the store at the next boot, or there is no sound store.
std::optional<BootObstacle> machine_key_obstacle(const Paths& paths, const MachineKeyWitness& witness);

// Asks systemd-creds.
bool credential_unseals(const Paths& paths);

}  // namespace ipsec9000::cli
