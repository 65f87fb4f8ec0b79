// The key store's file as a value, without any cryptography but a checksum: what is written where.
//
//   {"version": 1,
//    "slots": [{"kind": "password", "kdf": "scrypt", "n", "r", "p", "salt", "nonce", "wrapped", "check"},
//              {"kind": "machine", "nonce", "wrapped", "check"}],
//    "data": {"nonce", "ciphertext", "tag"}}
//
// Byte strings are in hex. "wrapped" is the master key and its tag. "check" is eight bytes of a SHA-256 over the slot:
// it tells a damaged slot from a wrong password, and protects against nothing else.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "keystore/seal.hpp"

namespace ipsec9000::keystore {

inline constexpr std::size_t largest_file = 64 << 20;

struct PasswordSlot {
  ScryptCost cost;
  Bytes salt;
  Bytes nonce;
  Bytes wrapped;
  std::string header() const;  // what is authenticated when the master key is wrapped
};

struct MachineSlot {
  Bytes nonce;
  Bytes wrapped;
  std::string header() const;
};

struct Document {
  PasswordSlot password;               // exactly one
  std::optional<MachineSlot> machine;  // at most one
  Bytes nonce;
  Bytes sealed;  // ciphertext and tag

  std::string header()
      const;  // what is authenticated with the data: the slots whole, so none can be put in or taken out
};

std::string write_document(const Document& document);

// Strict: an unknown or missing member, a wrong type or length, or a slot whose check does not fit is invalid_input,
// and the text says which part it is.
Result<Document> read_document(std::string_view text);

}  // namespace ipsec9000::keystore
