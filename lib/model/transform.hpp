// What a policy asks the kernel to do with a packet, in the words of the configuration file.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "crypto/algorithms.hpp"

namespace ipsec9000 {

inline constexpr std::uint64_t bytes_per_kilobyte = 1024;  // of a lifetime

// 0 means "no limit of this kind".
struct Lifetime {
  std::uint32_t seconds = 28800;
  std::uint32_t kilobytes = 0;
  auto operator<=>(const Lifetime&) const = default;
};

struct EspSuite {
  Encryption encryption = Encryption::aes128_cbc;
  Integrity integrity = Integrity::none;  // none: the cipher is an AEAD, or there is no authentication at all
  auto operator<=>(const EspSuite&) const = default;
};

// One entry of a policy's "transforms": ESP, AH, or ESP nested in AH. At least one of the two is there.
struct Transform {
  std::optional<Integrity> ah;
  std::optional<EspSuite> esp;
  Lifetime lifetime;

  // "AH-SHA256+ESP-AES128/28800/0": HP's spelling; lifetimes optional. The nearest valid name is in the error.
  static Result<Transform> parse(std::string_view text);
  std::string name() const;       // without lifetimes
  std::string to_string() const;  // with them
  bool is_legacy() const;         // DES, 3DES or MD5 in it
  bool is_authenticated() const;  // AH, ESP with integrity, or an AEAD cipher
  auto operator<=>(const Transform&) const = default;
};

// Every valid name of a single AH or ESP transform, for messages, completion and the schema.
const std::vector<std::string>& transform_names();

// What an ISAKMP SA is made of: "AES128-SHA256-MODP2048".
struct IkeProposal {
  Encryption encryption = Encryption::aes128_cbc;
  HashAlgorithm hash = HashAlgorithm::sha256;
  Group group = Group::modp2048;

  static Result<IkeProposal> parse(std::string_view text);
  std::string to_string() const;
  bool is_legacy() const;
  auto operator<=>(const IkeProposal&) const = default;
};

inline constexpr std::uint32_t lifetime_seconds_minimum = 10;      // or 0
inline constexpr std::uint32_t lifetime_seconds_hp_minimum = 600;  // below: a warning
inline constexpr std::uint32_t lifetime_kilobytes_minimum = 64;    // or 0
inline constexpr std::uint32_t lifetime_maximum = 4294967294;

}  // namespace ipsec9000
