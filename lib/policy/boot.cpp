#include "policy/boot.hpp"

#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"

namespace ipsec9000 {

namespace fs = std::filesystem;

namespace {
bool is_there(const fs::path& path) {
  std::error_code failure;
  return fs::exists(fs::symlink_status(path, failure));
}

// In double quotes, where an EnvironmentFile knows the backslash and no variables.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '`' || c == '$') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string out_of_quotes(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string out;
  text = text.substr(1, text.size() - 2);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    out += text[at];
  }
  return out;
}
}  // namespace

std::optional<BootObstacle> boot_obstacle(const Paths& paths, const ParsedConfiguration& parsed) {
  if (!parsed.valid()) return BootObstacle::invalid_configuration;
  return boot_obstacle(paths, parsed.configuration->startup.bootup);
}

std::optional<BootObstacle> boot_obstacle(const Paths& paths, bool bootup) {
  if (!bootup) return BootObstacle::off;
  if (!is_there(last_configuration(paths))) return BootObstacle::never_started;
  if (!is_there(paths.keystore())) return BootObstacle::no_password;
  return std::nullopt;
}

std::string_view to_string(BootObstacle obstacle) {
  switch (obstacle) {
    case BootObstacle::invalid_configuration:
      return "invalid-configuration";
    case BootObstacle::off:
      return "off";
    case BootObstacle::never_started:
      return "never-started";
    case BootObstacle::no_password:
      return "no-password";
    case BootObstacle::no_machine_slot:
      return "no-machine-slot";
    case BootObstacle::machine_key_missing:
      return "machine-key-missing";
    case BootObstacle::machine_key_refused:
      return "machine-key-refused";
    case BootObstacle::tpm_missing:
      return "tpm-missing";
    case BootObstacle::credential_refused:
      break;
  }
  return "credential-refused";
}

std::string_view sentence(BootObstacle obstacle) {
  switch (obstacle) {
    case BootObstacle::invalid_configuration:
      return "the policy configuration is not valid: ipsec_mgr check names the mistakes";
    case BootObstacle::off:
      return "the boot-up option is off: ipsec_mgr bootup on turns it on";
    case BootObstacle::never_started:
      return "IPSec has never been started on this host: try the configuration once with ipsec_admin -start";
    case BootObstacle::no_password:
      return "no IPSec password has been set: use ipsec_admin -newpasswd";
    case BootObstacle::no_machine_slot:
      return "the key store is not to be opened by this machine's key: ipsec_mgr bootup on lets it";
    case BootObstacle::machine_key_missing:
      return "the key by which this machine opens the key store is missing: give the password with ipsec_admin -start; "
             "ipsec_mgr bootup on makes a new key";
    case BootObstacle::machine_key_refused:
      return "this machine's key does not open the key store (which may be of another machine, or the key damaged or "
             "readable by others): give the password with ipsec_admin -start; ipsec_mgr bootup on makes a new key";
    case BootObstacle::tpm_missing:
      return "a TPM sealed this machine's key to the key store, and there is no TPM: ipsec_mgr bootup on makes a new "
             "key, after which ipsec_admin -start starts ikpmd";
    case BootObstacle::credential_refused:
      break;
  }
  return "systemd cannot unseal this machine's key to the key store (sealed by another machine or TPM, or damaged): "
         "ipsec_mgr bootup on makes a new key, after which ipsec_admin -start starts ikpmd";
}

fs::path last_configuration(const Paths& paths) { return paths.state_directory() / "last-configuration.json"; }

Result<void> remember_configuration(const Paths& paths) {
  const auto text = read_file(paths.configuration(), maximum_configuration_bytes);
  if (!text) return text.error();
  if (auto made = make_directory(paths.state_directory(), 0700); !made) return made;
  return replace_file(last_configuration(paths), *text, 0600);
}

fs::path start_file(const Paths& paths) { return paths.run_directory() / "start"; }

Result<void> write_start_file(const Paths& paths, const Startup& startup) {
  for (const char c : startup.audit_directory)
    if (static_cast<unsigned char>(c) < 0x20)
      return Error{ErrorCode::invalid_input, "audit_directory: control character"};
  if (auto made = make_directory(paths.run_directory(), 0700); !made) return made;
  const auto text = "AUDIT_LEVEL=" + startup.audit_level + "\nAUDIT_DIRECTORY=" + in_quotes(startup.audit_directory) +
                    "\nAUDIT_MAX_KILOBYTES=" + std::to_string(startup.audit_max_kilobytes) + "\n";
  return replace_file(start_file(paths), text, 0600);
}

Result<Startup> read_start_file(const Paths& paths) {
  const auto text = read_file(start_file(paths));
  if (!text) return text.error();
  Startup startup;
  for (const auto& line : split(*text, '\n')) {
    const auto equals = line.find('=');
    if (equals == std::string::npos) continue;
    const auto name = std::string_view(line).substr(0, equals);
    const auto value = std::string_view(line).substr(equals + 1);
    if (name == "AUDIT_LEVEL") startup.audit_level = value;
    if (name == "AUDIT_DIRECTORY") startup.audit_directory = out_of_quotes(value);
    if (name == "AUDIT_MAX_KILOBYTES")
      startup.audit_max_kilobytes =
          static_cast<std::uint32_t>(parse_number(value, UINT32_MAX).value_or(startup.audit_max_kilobytes));
  }
  return startup;
}

Result<void> remove_start_file(const Paths& paths) {
  if (::unlink(start_file(paths).c_str()) != 0 && errno != ENOENT) return system_error(start_file(paths).string());
  return {};
}

}  // namespace ipsec9000
