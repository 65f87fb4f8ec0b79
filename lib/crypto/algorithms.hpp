// Every algorithm the suite knows, declared once: names for people, numbers for the wire, names for the kernel,
// lengths for key derivation. Codec, configuration, kernel adapter and reports walk these tables.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ipsec9000 {

enum class Encryption : std::uint8_t {
  null,
  des,
  triple_des,
  aes128_cbc,
  aes192_cbc,
  aes256_cbc,
  aes128_ctr,
  aes192_ctr,
  aes256_ctr,
  aes128_gcm8,
  aes128_gcm12,
  aes128_gcm16,
  aes192_gcm16,
  aes256_gcm8,
  aes256_gcm12,
  aes256_gcm16,
  chacha20_poly1305,
};

struct EncryptionInfo {
  Encryption id;
  std::string_view name;          // in configuration: AES128
  std::string_view shown;         // in reports: AES128-CBC
  std::uint16_t oakley;           // IKEv1 phase 1, RFC 2409 appendix A; 0: not used there
  std::uint8_t esp_transform;     // IPSec DOI, RFC 2407 4.4.4 and IANA
  std::uint16_t ikev2_transform;  // RFC 7296 transform type 1
  std::uint16_t key_length_bits;  // the Key Length attribute; 0: no attribute is sent
  std::uint8_t key_bytes;         // cipher key proper
  std::uint8_t salt_bytes;        // taken from KEYMAT behind the key (RFC 4106, 3686, 7634)
  std::uint8_t block_bytes;       // 1 for stream and counter modes
  std::uint8_t icv_bits;          // > 0: the cipher authenticates by itself (AEAD)
  std::string_view kernel;        // crypto API name
  std::string_view openssl;       // EVP name; empty: not used in IKE
  bool legacy;                    // needs allow_legacy
};

enum class Integrity : std::uint8_t {
  none,
  hmac_md5,
  hmac_sha1,
  hmac_sha256,
  hmac_sha384,
  hmac_sha512,
  aes_xcbc,
  aes_cmac
};

struct IntegrityInfo {
  Integrity id;
  std::string_view name;          // in configuration: SHA256 (AH-SHA256, ESP-...-HMAC-SHA256)
  std::string_view shown;         // in reports: HMAC-SHA256
  std::uint16_t authentication;   // IPSec DOI attribute "Authentication Algorithm"; 0: no number in IKEv1
  std::uint8_t ah_transform;      // RFC 2407 4.4.3 and IANA; 0: none
  std::uint16_t ikev2_transform;  // RFC 7296 transform type 3
  std::uint8_t key_bytes;
  std::uint16_t truncation_bits;  // RFC 4868: half of SHA-2's output
  std::string_view kernel;
  bool legacy;
};

// Hash and, as HMAC, pseudo-random function of IKE.
enum class HashAlgorithm : std::uint8_t { md5, sha1, sha256, sha384, sha512 };

struct HashInfo {
  HashAlgorithm id;
  std::string_view name;    // SHA256
  std::uint16_t oakley;     // IKEv1 phase 1 hash
  std::uint16_t ikev2_prf;  // RFC 7296 transform type 2
  std::uint8_t bytes;
  std::string_view openssl;
  bool legacy;
};

// The values are the IANA numbers, the same in IKEv1 and IKEv2.
enum class Group : std::uint16_t {
  modp768 = 1,
  modp1024 = 2,
  modp1536 = 5,
  modp2048 = 14,
  modp3072 = 15,
  modp4096 = 16,
  modp6144 = 17,
  modp8192 = 18,
  ecp256 = 19,
  ecp384 = 20,
  ecp521 = 21,
  curve25519 = 31,
};

enum class GroupKind : std::uint8_t { modp, ecp, montgomery };

struct GroupInfo {
  Group id;
  std::string_view name;  // MODP2048
  GroupKind kind;
  std::uint16_t public_bytes;   // length of the public value on the wire, RFC 2409, 5903, 8031
  std::uint16_t shared_bytes;   // length of g^xy as it enters the key derivation
  std::uint16_t exponent_bits;  // MODP: length of our private exponent, twice the group's strength (RFC 3766)
  std::string_view openssl;     // curve name; empty for MODP
  bool legacy;
};

const EncryptionInfo& info(Encryption id);
const IntegrityInfo& info(Integrity id);
const HashInfo& info(HashAlgorithm id);
const GroupInfo& info(Group id);

std::span<const EncryptionInfo> all_encryptions();
std::span<const IntegrityInfo> all_integrities();
std::span<const HashInfo> all_hashes();
std::span<const GroupInfo> all_groups();

// By the name an administrator writes (case does not count); null when unknown.
const EncryptionInfo* find_encryption(std::string_view name);
const IntegrityInfo* find_integrity(std::string_view name);
const HashInfo* find_hash(std::string_view name);
const GroupInfo* find_group(std::string_view name);
// By number from the wire; null when unknown. Key length in bits as the attribute said, 0 if there was none.
const EncryptionInfo* find_oakley_encryption(unsigned number, unsigned key_length_bits);
const EncryptionInfo* find_esp_encryption(unsigned transform, unsigned key_length_bits);
const IntegrityInfo* find_authentication(unsigned number);
const HashInfo* find_oakley_hash(unsigned number);
const GroupInfo* find_group_number(unsigned number);

}  // namespace ipsec9000
