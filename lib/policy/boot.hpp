// Starting with the system: what must be true for it, and the two files by which the programs agree about it.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/files.hpp"
#include "policy/parse.hpp"

namespace ipsec9000 {

// In the order in which they are looked at. "off" is a choice, the others are mistakes. From no_machine_slot on it is
// the key by which this machine opens the key store in a person's place: the policies and all else start without it.
enum class BootObstacle {
  invalid_configuration,
  off,
  never_started,
  no_password,
  no_machine_slot,
  machine_key_missing,
  machine_key_refused,
  tpm_missing,
  credential_refused
};

// What keeps IPSec from starting with the system; nothing when it will start. The machine's key is not looked at
// (cli/common/machine_key.hpp).
std::optional<BootObstacle> boot_obstacle(const Paths& paths, const ParsedConfiguration& parsed);
// The same for a configuration known to be valid, by its boot-up option.
std::optional<BootObstacle> boot_obstacle(const Paths& paths, bool bootup);

std::string_view to_string(BootObstacle obstacle);  // "never-started": for programs
std::string_view sentence(BootObstacle obstacle);   // for a person, with what to do

// The configuration that was in force last: a copy, made by ipsec_admin -start and by every reload. That it is there
// says that IPSec has been started on this host; its policies are put into the kernel when the file itself has become
// invalid, so that what was secured before is blocked then, not sent in clear.
std::filesystem::path last_configuration(const Paths& paths);
Result<void> remember_configuration(const Paths& paths);

// The text of a configuration with the boot-up option set or taken back; everything else, comments and order included,
// stays as it is. invalid_input: the text is no sound JSON.
Result<std::string> set_bootup(std::string_view text, bool on);

// IPSec is wanted up: the condition of the daemons' units, and secauditd's settings as a systemd EnvironmentFile. Below
// /run, so that every boot decides anew.
std::filesystem::path start_file(const Paths& paths);
Result<void> write_start_file(const Paths& paths, const Startup& startup);
// What write_start_file wrote; an error when the file is not there.
Result<Startup> read_start_file(const Paths& paths);
Result<void> remove_start_file(const Paths& paths);

}  // namespace ipsec9000
