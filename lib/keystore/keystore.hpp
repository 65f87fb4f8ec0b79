// Pre-shared keys and private keys at rest: one file, 0600. A random master key encrypts the entries (AES-256-GCM); it
// is itself wrapped once for each way to open the store: by the administrator's password (scrypt), and on request by a
// key file of this machine, for start-up without a person. See document.hpp for the file.
//
// A store is read once and kept in memory. Each change is made under a lock against other writers, on what the file
// holds at that moment, and replaces the file in one step: a crash leaves the old store or the new one. No error text
// holds a secret.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "keystore/names.hpp"
#include "keystore/seal.hpp"
#include "model/identity.hpp"

namespace ipsec9000 {

enum class KeyKind : std::uint8_t { psk, private_key };
std::string_view to_string(KeyKind kind);  // "psk", "private_key"

struct KeyEntry {
  KeyKind kind = KeyKind::psk;
  std::string name;  // psk: of the remote host (normal_remote_name); private_key: 1-255 printable characters
  Secret secret;     // 1 byte to 64 KiB
  WallTime set_at;
};

struct KeySummary {
  KeyKind kind = KeyKind::psk;
  std::string name;
  std::size_t length = 0;  // of the secret, in bytes
  WallTime set_at;
};

class Keystore {
 public:
  static bool exists(const std::filesystem::path& path);
  // Where the key of this machine lies: beside the store.
  static std::filesystem::path machine_key_file(const std::filesystem::path& store);
  // The same key, encrypted as a credential of systemd's (systemd-creds(1)); this library does not open it.
  static std::filesystem::path machine_credential_file(const std::filesystem::path& store);

  // already_exists when there is one; the password must pass check_new_password. The directory must be there.
  static Result<Keystore> create(const std::filesystem::path& path, const Secret& password,
                                 const keystore::ScryptCost& cost = {});

  // not_found: no store. not_permitted: wrong password. invalid_input: damaged, and the text says which part.
  static Result<Keystore> open(const std::filesystem::path& path, const Secret& password);

  // not_found also when there is no machine slot or no key file. A key file that others than its owner may read is
  // refused.
  static Result<Keystore> open_with_machine_key(const std::filesystem::path& path,
                                                const std::filesystem::path& machine_key_file);

  Keystore(Keystore&&) noexcept;
  Keystore& operator=(Keystore&&) noexcept;
  ~Keystore();

  // Makes the key file (0600, random) where it is missing.
  Result<void> add_machine_slot(const std::filesystem::path& machine_key_file);
  Result<void> remove_machine_slot();  // not_found when there is none; the key file stays
  bool has_machine_slot() const;
  // The same of a store that nobody opens: what the file says, which is authentic only once it is opened.
  static Result<bool> names_machine_slot(const std::filesystem::path& path);
  // Adds or removes it; no error when it is as wanted already.
  Result<void> set_machine_slot(const std::filesystem::path& machine_key_file, bool wanted);

  // Wraps the master key anew; entries and machine slot stay as they are.
  Result<void> change_password(const Secret& old_password, const Secret& new_password);
  Result<void> check_password(const Secret& password) const;  // not_permitted when it is wrong

  Result<void> set(KeyEntry entry);                         // puts it in, or in the place of the one of that name
  Result<void> erase(KeyKind kind, std::string_view name);  // not_found when there is none
  std::vector<KeySummary> list() const;                     // by kind, then name

  // The key for a peer: by its exact name first, then by the longest prefix that holds its address. Null when there is
  // none. Valid until the next change.
  const Secret* find_psk(const IpAddress& remote) const;
  const Secret* find_psk(const Identity& remote) const;  // an address counts as one; other types have no key
  const Secret* find_private_key(std::string_view name) const;

 private:
  struct State;
  explicit Keystore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ipsec9000
