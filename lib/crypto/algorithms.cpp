#include "crypto/algorithms.hpp"

#include <array>
#include <cassert>

#include "base/text.hpp"

namespace ipsec9000 {

namespace {
using E = Encryption;
using I = Integrity;
using H = HashAlgorithm;
using G = Group;

// clang-format off
//                      name       shown          oak esp v2  bits key salt blk icv  kernel                     openssl         legacy
constexpr std::array encryptions{
    EncryptionInfo{E::null,        "NULL",     "NULL",        0, 11, 11,   0,  0, 0,  1,   0, "ecb(cipher_null)",         "",             false},
    EncryptionInfo{E::des,         "DES",      "DES-CBC",     1,  2,  2,   0,  8, 0,  8,   0, "cbc(des)",                 "DES-CBC",      true},
    EncryptionInfo{E::triple_des,  "3DES",     "3DES-CBC",    5,  3,  3,   0, 24, 0,  8,   0, "cbc(des3_ede)",            "DES-EDE3-CBC", true},
    EncryptionInfo{E::aes128_cbc,  "AES128",   "AES128-CBC",  7, 12, 12, 128, 16, 0, 16,   0, "cbc(aes)",                 "AES-128-CBC",  false},
    EncryptionInfo{E::aes192_cbc,  "AES192",   "AES192-CBC",  7, 12, 12, 192, 24, 0, 16,   0, "cbc(aes)",                 "AES-192-CBC",  false},
    EncryptionInfo{E::aes256_cbc,  "AES256",   "AES256-CBC",  7, 12, 12, 256, 32, 0, 16,   0, "cbc(aes)",                 "AES-256-CBC",  false},
    EncryptionInfo{E::aes128_ctr,  "AES128CTR","AES128-CTR",  0, 13, 13, 128, 16, 4,  1,   0, "rfc3686(ctr(aes))",        "",             false},
    EncryptionInfo{E::aes192_ctr,  "AES192CTR","AES192-CTR",  0, 13, 13, 192, 24, 4,  1,   0, "rfc3686(ctr(aes))",        "",             false},
    EncryptionInfo{E::aes256_ctr,  "AES256CTR","AES256-CTR",  0, 13, 13, 256, 32, 4,  1,   0, "rfc3686(ctr(aes))",        "",             false},
    EncryptionInfo{E::aes128_gcm8, "AES128-GCM8", "AES128-GCM8",   0, 18, 18, 128, 16, 4, 1,  64, "rfc4106(gcm(aes))", "", false},
    EncryptionInfo{E::aes128_gcm12,"AES128-GCM12","AES128-GCM12",  0, 19, 19, 128, 16, 4, 1,  96, "rfc4106(gcm(aes))", "", false},
    EncryptionInfo{E::aes128_gcm16,"AES128-GCM16","AES128-GCM16",  0, 20, 20, 128, 16, 4, 1, 128, "rfc4106(gcm(aes))", "", false},
    EncryptionInfo{E::aes192_gcm16,"AES192-GCM16","AES192-GCM16",  0, 20, 20, 192, 24, 4, 1, 128, "rfc4106(gcm(aes))", "", false},
    EncryptionInfo{E::aes256_gcm8, "AES256-GCM8", "AES256-GCM8",   0, 18, 18, 256, 32, 4, 1,  64, "rfc4106(gcm(aes))", "", false},
    EncryptionInfo{E::aes256_gcm12,"AES256-GCM12","AES256-GCM12",  0, 19, 19, 256, 32, 4, 1,  96, "rfc4106(gcm(aes))", "", false},
    EncryptionInfo{E::aes256_gcm16,"AES256-GCM16","AES256-GCM16",  0, 20, 20, 256, 32, 4, 1, 128, "rfc4106(gcm(aes))", "", false},
    EncryptionInfo{E::chacha20_poly1305, "CHACHA20-POLY1305", "CHACHA20-POLY1305", 0, 28, 28, 0, 32, 4, 1, 128, "rfc7539esp(chacha20,poly1305)", "", false},
};

constexpr std::array integrities{
    IntegrityInfo{I::none,        "",       "None",         0, 0,  0,  0,   0, "",             false},
    IntegrityInfo{I::hmac_md5,    "MD5",    "HMAC-MD5",     1, 2,  1, 16,  96, "hmac(md5)",    true},
    IntegrityInfo{I::hmac_sha1,   "SHA1",   "HMAC-SHA1",    2, 3,  2, 20,  96, "hmac(sha1)",   false},
    IntegrityInfo{I::hmac_sha256, "SHA256", "HMAC-SHA256",  5, 5, 12, 32, 128, "hmac(sha256)", false},
    IntegrityInfo{I::hmac_sha384, "SHA384", "HMAC-SHA384",  6, 6, 13, 48, 192, "hmac(sha384)", false},
    IntegrityInfo{I::hmac_sha512, "SHA512", "HMAC-SHA512",  7, 7, 14, 64, 256, "hmac(sha512)", false},
    IntegrityInfo{I::aes_xcbc,    "XCBC",   "AES-XCBC",     9, 9,  5, 16,  96, "xcbc(aes)",    false},
    IntegrityInfo{I::aes_cmac,    "CMAC",   "AES-CMAC",     0, 0,  8, 16,  96, "cmac(aes)",    false},
};

constexpr std::array hashes{
    HashInfo{H::md5,    "MD5",    1, 1, 16, "MD5",    true},
    HashInfo{H::sha1,   "SHA1",   2, 2, 20, "SHA1",   false},
    HashInfo{H::sha256, "SHA256", 4, 5, 32, "SHA256", false},
    HashInfo{H::sha384, "SHA384", 5, 6, 48, "SHA384", false},
    HashInfo{H::sha512, "SHA512", 6, 7, 64, "SHA512", false},
};

constexpr std::array groups{
    GroupInfo{G::modp768,    "MODP768",    GroupKind::modp,         96,   96, 160, "",       true},
    GroupInfo{G::modp1024,   "MODP1024",   GroupKind::modp,        128,  128, 160, "",       true},
    GroupInfo{G::modp1536,   "MODP1536",   GroupKind::modp,        192,  192, 200, "",       false},
    GroupInfo{G::modp2048,   "MODP2048",   GroupKind::modp,        256,  256, 224, "",       false},
    GroupInfo{G::modp3072,   "MODP3072",   GroupKind::modp,        384,  384, 256, "",       false},
    GroupInfo{G::modp4096,   "MODP4096",   GroupKind::modp,        512,  512, 304, "",       false},
    GroupInfo{G::modp6144,   "MODP6144",   GroupKind::modp,        768,  768, 352, "",       false},
    GroupInfo{G::modp8192,   "MODP8192",   GroupKind::modp,       1024, 1024, 400, "",       false},
    GroupInfo{G::ecp256,     "ECP256",     GroupKind::ecp,          64,   32, 0,   "P-256",  false},
    GroupInfo{G::ecp384,     "ECP384",     GroupKind::ecp,          96,   48, 0,   "P-384",  false},
    GroupInfo{G::ecp521,     "ECP521",     GroupKind::ecp,         132,   66, 0,   "P-521",  false},
    GroupInfo{G::curve25519, "CURVE25519", GroupKind::montgomery,   32,   32, 0,   "X25519", false},
};
// clang-format on

template <class Table, class Id>
const auto& by_id(const Table& table, Id id) {
  for (const auto& row : table)
    if (row.id == id) return row;
  assert(false && "every enumerator has its row");
  return table.front();
}

template <class Table>
auto by_name(const Table& table, std::string_view name) -> decltype(&table[0]) {
  const auto wanted = to_lower(name);
  for (const auto& row : table)
    if (to_lower(row.name) == wanted && !row.name.empty()) return &row;
  return nullptr;
}

template <class Table, class Predicate>
auto by(const Table& table, Predicate predicate) -> decltype(&table[0]) {
  for (const auto& row : table)
    if (predicate(row)) return &row;
  return nullptr;
}
}  // namespace

const EncryptionInfo& info(Encryption id) { return by_id(encryptions, id); }
const IntegrityInfo& info(Integrity id) { return by_id(integrities, id); }
const HashInfo& info(HashAlgorithm id) { return by_id(hashes, id); }
const GroupInfo& info(Group id) { return by_id(groups, id); }

std::span<const EncryptionInfo> all_encryptions() { return encryptions; }
std::span<const IntegrityInfo> all_integrities() { return integrities; }
std::span<const HashInfo> all_hashes() { return hashes; }
std::span<const GroupInfo> all_groups() { return groups; }

const EncryptionInfo* find_encryption(std::string_view name) { return by_name(encryptions, name); }
const IntegrityInfo* find_integrity(std::string_view name) { return by_name(integrities, name); }
const HashInfo* find_hash(std::string_view name) { return by_name(hashes, name); }
const GroupInfo* find_group(std::string_view name) { return by_name(groups, name); }

const EncryptionInfo* find_oakley_encryption(unsigned number, unsigned key_length_bits) {
  return by(encryptions, [&](const auto& row) {
    return row.oakley != 0 && row.oakley == number && row.key_length_bits == key_length_bits;
  });
}
const EncryptionInfo* find_esp_encryption(unsigned transform, unsigned key_length_bits) {
  return by(encryptions,
            [&](const auto& row) { return row.esp_transform == transform && row.key_length_bits == key_length_bits; });
}
const IntegrityInfo* find_authentication(unsigned number) {
  return by(integrities, [&](const auto& row) { return row.authentication != 0 && row.authentication == number; });
}
const HashInfo* find_oakley_hash(unsigned number) {
  return by(hashes, [&](const auto& row) { return row.oakley == number; });
}
const GroupInfo* find_group_number(unsigned number) {
  return by(groups, [&](const auto& row) { return static_cast<unsigned>(row.id) == number; });
}

}  // namespace ipsec9000
