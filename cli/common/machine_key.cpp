#include "cli/common/machine_key.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "cli/common/processes.hpp"
#include "keystore/keystore.hpp"

namespace ipsec9000::cli {

namespace {
namespace fs = std::filesystem;

constexpr Duration unseal_limit{30'000};
constexpr std::size_t largest_credential = 1 << 20;

// The first bytes of a credential, in Base64: the kind of key that seals it. This one is the host's key alone
// (systemd's CRED_AES256_GCM_BY_HOST); with each of the others that `systemd-creds encrypt` picks, a TPM takes part.
constexpr std::string_view sealed_by_host_alone = "Whxqht+dQJax1aZeCGLxm";  // 126 of 128 bits

bool is_there(const fs::path& path) {
  std::error_code failure;
  return fs::exists(fs::symlink_status(path, failure));
}

bool sealed_with_tpm(const fs::path& credential) {
  const auto text = read_file(credential, largest_credential);
  return text && !text->starts_with(sealed_by_host_alone);
}
}  // namespace

std::optional<BootObstacle> machine_key_obstacle(const Paths& paths, const MachineKeyWitness& witness) {
  const auto store = paths.keystore();
  const auto bound = Keystore::names_machine_slot(store);
  if (!bound) return std::nullopt;
  if (!*bound) return BootObstacle::no_machine_slot;
  const auto file = Keystore::machine_key_file(store);
  if (Keystore::open_with_machine_key(store, file)) return std::nullopt;
  const auto credential = Keystore::machine_credential_file(store);
  if (!witness.units || !is_there(credential))
    return is_there(file) ? BootObstacle::machine_key_refused : BootObstacle::machine_key_missing;
  if (sealed_with_tpm(credential) && !is_there(paths.below_root("/dev/tpmrm0"))) return BootObstacle::tpm_missing;
  if (witness.unseals && !witness.unseals()) return BootObstacle::credential_refused;
  if (witness.refused) return BootObstacle::machine_key_refused;
  return std::nullopt;
}

bool credential_unseals(const Paths& paths) {
  const auto store = paths.keystore();
  // What it writes to standard output goes to /dev/null.
  const auto finished = run_to_end(credential_program,
                                   {"decrypt", "--name=" + Keystore::machine_key_file(store).filename().string(),
                                    Keystore::machine_credential_file(store).string(), "-"},
                                   unseal_limit);
  return finished && finished->status == 0;
}

}  // namespace ipsec9000::cli
