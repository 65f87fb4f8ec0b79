#include "cli/ipsec_mgr/machine_credential.hpp"

#include "base/text.hpp"
#include "cli/common/machine_key.hpp"
#include "cli/common/processes.hpp"
#include "cli/common/service_manager.hpp"
#include "keystore/keystore.hpp"

namespace ipsec9000::cli {

namespace {
namespace fs = std::filesystem;

constexpr Duration encrypter_limit{30'000};  // a TPM may take seconds

Result<void> encrypt(const fs::path& key, const fs::path& credential) {
  // "auto": with a TPM's key where there is one, and always with the host's.
  const auto finished =
      run_to_end(credential_program,
                 {"encrypt", "--with-key=auto", "--name=" + key.filename().string(), key.string(), credential.string()},
                 encrypter_limit);
  if (!finished) return finished.error();
  if (finished->status == 0) return {};
  return Error{ErrorCode::refused, "systemd-creds encrypt failed: " + std::string(trim(finished->said))};
}

Result<void> unlink_file(const fs::path& path) {
  std::error_code failure;
  fs::remove(path, failure);
  if (failure) return Error{ErrorCode::internal, path.string() + ": " + failure.message()};
  return {};
}
}  // namespace

MachineKeyPlace bind_machine_key(const Paths& paths) {
  std::error_code failure;
  if (!units_are_installed(paths) || !fs::exists(credential_program, failure)) return {};
  const auto key = Keystore::machine_key_file(paths.keystore());
  const auto credential = Keystore::machine_credential_file(paths.keystore());
  auto fresh = credential;
  fresh += ".new";
  if (auto done = encrypt(key, fresh); !done) {
    (void)unlink_file(fresh);
    return {false, done.error().text};
  }
  fs::permissions(fresh, fs::perms::owner_read | fs::perms::owner_write, failure);
  fs::rename(fresh, credential, failure);
  if (failure) return {false, credential.string() + ": " + failure.message()};
  if (auto done = unlink_file(key); !done) return {true, done.error().text};
  return {true, ""};
}

Result<void> forget_machine_key(const Paths& paths) {
  auto done = unlink_file(Keystore::machine_credential_file(paths.keystore()));
  if (done) done = unlink_file(Keystore::machine_key_file(paths.keystore()));
  return done;
}

}  // namespace ipsec9000::cli
