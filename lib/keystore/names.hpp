// What people type: pre-shared keys, names of remote hosts, passwords.
#pragma once
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace ipsec9000 {

// The text of a pre-shared key: ASCII is taken byte for byte, blanks and quotes included; "0x" and an even number of
// hex digits are the bytes they name. Anything else (empty, not ASCII, control characters, over 1024 bytes) is an
// error, which never holds any of the text.
struct PreSharedKey {
  Secret secret;
  std::string warning;  // "" or one sentence: a key shorter than 8 bytes can be guessed
};
Result<PreSharedKey> parse_pre_shared_key(std::string_view text);

// The one spelling of a remote host's name: an address, a prefix, an FQDN (in lower case) or user@FQDN (the domain in
// lower case). Anything else is invalid_input.
Result<std::string> normal_remote_name(std::string_view text);

inline constexpr std::size_t password_characters_minimum = 15;
inline constexpr std::size_t password_bytes_maximum = 1024;

// A password for the key store: at least 15 printable characters of UTF-8.
Result<void> check_new_password(const Secret& password);

}  // namespace ipsec9000
