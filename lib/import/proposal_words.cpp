#include "import/proposal_words.hpp"

#include <array>

#include "base/text.hpp"

namespace ipsec9000 {

namespace {
struct CipherWord {
  std::string_view word;
  Encryption encryption;
};
constexpr std::array ciphers{CipherWord{"aes", Encryption::aes128_cbc},
                             CipherWord{"aes128", Encryption::aes128_cbc},
                             CipherWord{"aes192", Encryption::aes192_cbc},
                             CipherWord{"aes256", Encryption::aes256_cbc},
                             CipherWord{"aes128ctr", Encryption::aes128_ctr},
                             CipherWord{"aes192ctr", Encryption::aes192_ctr},
                             CipherWord{"aes256ctr", Encryption::aes256_ctr},
                             CipherWord{"aes128gcm8", Encryption::aes128_gcm8},
                             CipherWord{"aes128gcm64", Encryption::aes128_gcm8},
                             CipherWord{"aes128gcm12", Encryption::aes128_gcm12},
                             CipherWord{"aes128gcm96", Encryption::aes128_gcm12},
                             CipherWord{"aes128gcm16", Encryption::aes128_gcm16},
                             CipherWord{"aes128gcm128", Encryption::aes128_gcm16},
                             CipherWord{"aes128gcm", Encryption::aes128_gcm16},
                             CipherWord{"aes192gcm16", Encryption::aes192_gcm16},
                             CipherWord{"aes192gcm128", Encryption::aes192_gcm16},
                             CipherWord{"aes192gcm", Encryption::aes192_gcm16},
                             CipherWord{"aes256gcm8", Encryption::aes256_gcm8},
                             CipherWord{"aes256gcm64", Encryption::aes256_gcm8},
                             CipherWord{"aes256gcm12", Encryption::aes256_gcm12},
                             CipherWord{"aes256gcm96", Encryption::aes256_gcm12},
                             CipherWord{"aes256gcm16", Encryption::aes256_gcm16},
                             CipherWord{"aes256gcm128", Encryption::aes256_gcm16},
                             CipherWord{"aes256gcm", Encryption::aes256_gcm16},
                             CipherWord{"chacha20poly1305", Encryption::chacha20_poly1305},
                             CipherWord{"3des", Encryption::triple_des},
                             CipherWord{"des", Encryption::des},
                             CipherWord{"null", Encryption::null}};

struct HashWord {
  std::string_view word;
  std::optional<HashAlgorithm> hash;
  Integrity integrity;
};
constexpr std::array hashes{HashWord{"md5", HashAlgorithm::md5, Integrity::hmac_md5},
                            HashWord{"sha", HashAlgorithm::sha1, Integrity::hmac_sha1},
                            HashWord{"sha1", HashAlgorithm::sha1, Integrity::hmac_sha1},
                            HashWord{"sha256", HashAlgorithm::sha256, Integrity::hmac_sha256},
                            HashWord{"sha2_256", HashAlgorithm::sha256, Integrity::hmac_sha256},
                            HashWord{"sha384", HashAlgorithm::sha384, Integrity::hmac_sha384},
                            HashWord{"sha2_384", HashAlgorithm::sha384, Integrity::hmac_sha384},
                            HashWord{"sha512", HashAlgorithm::sha512, Integrity::hmac_sha512},
                            HashWord{"sha2_512", HashAlgorithm::sha512, Integrity::hmac_sha512},
                            HashWord{"aesxcbc", std::nullopt, Integrity::aes_xcbc},
                            HashWord{"aescmac", std::nullopt, Integrity::aes_cmac}};

bool read_word(std::string_view word, ProposalWords& words) {
  for (const auto& each : ciphers)
    if (each.word == word) {
      words.encryption = each.encryption;
      return true;
    }
  for (const auto& each : hashes)
    if (each.word == word) {
      words.hash = each.hash;
      words.integrity = each.integrity;
      return true;
    }
  const auto* group = find_group(word == "x25519" ? "curve25519" : word);
  if (group == nullptr) return word == "noesn" || word == "esn";  // extended sequence numbers are chosen by itself here
  words.group = group->id;
  return true;
}
}  // namespace

ProposalWords read_proposal(std::string_view text) {
  ProposalWords words;
  for (const auto& word : split(to_lower(text), '-'))
    if (!read_word(word, words)) {
      words.unknown = word;
      break;
    }
  return words;
}

}  // namespace ipsec9000
