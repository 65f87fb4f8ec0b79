// What the verbs and the full screen both do: a daemon does it while it runs, else the tool itself, by the same rules.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json_fwd.hpp"
#include "base/secret.hpp"
#include "cli/common/program.hpp"
#include "cli/ipsec_mgr/machine_credential.hpp"
#include "policy/boot.hpp"
#include "policy/edit.hpp"

namespace ipsec9000::cli {

// The answer of config.edit: {"revision", "warnings"}. `revision`: what the file must be, "" for anything.
Result<Json> carry_out_edits(const Context& context, const std::vector<Edit>& edits, const std::string& revision);

// The answer of policy.reload. What is in force then is remembered for the next boot; that this failed is no failure of
// the whole: it is told in `warning`.
Result<Json> load_configuration_into_force(const Context& context, const std::string& revision, std::string& warning);

// Items of key.list. The password is asked for only where it is needed.
using PasswordSource = std::function<Result<Secret>()>;
Result<Json> list_keys(const Context& context, const PasswordSource& password);
Result<void> store_key(const Context& context, const std::string& remote, const Secret& key, const Secret& password);
Result<void> erase_key(const Context& context, const std::string& remote, const Secret& password);

// Sets the option and the key of this machine.
struct BootupChange {
  std::optional<BootObstacle> obstacle;  // what still keeps IPSec from starting with the system
  MachineKeyPlace key;                   // where the key is from now on, if on
};
Result<BootupChange> change_bootup(const Context& context, bool on, const Secret& password);

}  // namespace ipsec9000::cli
