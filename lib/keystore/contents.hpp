// The entries, and how they look inside the encrypted part: the length of a JSON directory (four bytes), the directory
// without the secrets, then the secrets one after the other. So no JSON library ever holds a secret, and every buffer
// that does can be wiped.
#pragma once
#include <map>
#include <string>
#include <utility>

#include "base/secret.hpp"
#include "keystore/keystore.hpp"

namespace ipsec9000::keystore {

struct Stored {
  Secret secret;
  WallTime set_at;
};

using Entries = std::map<std::pair<KeyKind, std::string>, Stored>;

inline constexpr std::size_t secret_bytes_maximum = std::size_t{64} * 1024;
inline constexpr std::size_t entries_maximum = 100'000;

Result<void> check_entry(const KeyEntry& entry);  // kind, spelling of the name, length

Secret pack(const Entries& entries);
Result<Entries> unpack(const Secret& packed);  // strict; invalid_input

}  // namespace ipsec9000::keystore
