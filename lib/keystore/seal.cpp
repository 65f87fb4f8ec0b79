#include "keystore/seal.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <array>
#include <bit>
#include <memory>

namespace ipsec9000::keystore {

namespace {
struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
struct FreeKdf {
  void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

constexpr std::size_t largest_text = std::size_t{1} << 30;
constexpr std::uint64_t largest_memory = std::uint64_t{256} << 20;
constexpr std::uint64_t largest_work = std::uint64_t{1} << 22;  // n * r * p; the defaults do 2^18

Error openssl_failed(const char* what) { return Error{ErrorCode::crypto, std::string("OpenSSL refused ") + what}; }

Result<void> check_sizes(ByteView key, ByteView nonce, ByteView associated, ByteView text) {
  if (key.size() != key_bytes || nonce.size() != nonce_bytes || text.size() > largest_text ||
      associated.size() > largest_text)
    return Error{ErrorCode::invalid_input, "key, nonce or text of a wrong length"};
  return {};
}

// The part that both directions share: algorithm, key, nonce, associated data.
bool begin(EVP_CIPHER_CTX* context, ByteView key, ByteView nonce, ByteView associated, int encrypt) {
  int ignored = 0;
  return EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nullptr, key.data(), nonce.data(), encrypt) == 1 &&
         (associated.empty() ||
          EVP_CipherUpdate(context, nullptr, &ignored, associated.data(), static_cast<int>(associated.size())) == 1);
}
}  // namespace

Result<Bytes> seal(ByteView key, ByteView nonce, ByteView associated, ByteView plain) {
  if (auto sizes = check_sizes(key, nonce, associated, plain); !sizes) return sizes.error();
  const CipherContext context(EVP_CIPHER_CTX_new());
  Bytes out(plain.size() + tag_bytes);
  int written = 0;
  int last = 0;
  const bool done =
      context != nullptr && begin(context.get(), key, nonce, associated, 1) &&
      EVP_CipherUpdate(context.get(), out.data(), &written, plain.data(), static_cast<int>(plain.size())) == 1 &&
      EVP_CipherFinal_ex(context.get(), out.data() + written, &last) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, tag_bytes, out.data() + plain.size()) == 1;
  if (!done) return openssl_failed("AES-256-GCM");
  return out;
}

Result<Secret> unseal(ByteView key, ByteView nonce, ByteView associated, ByteView sealed) {
  if (auto sizes = check_sizes(key, nonce, associated, sealed); !sizes) return sizes.error();
  if (sealed.size() < tag_bytes) return Error{ErrorCode::truncated, "shorter than its tag"};
  const auto text = sealed.first(sealed.size() - tag_bytes);
  auto tag = to_bytes(sealed.last(tag_bytes));
  const CipherContext context(EVP_CIPHER_CTX_new());
  Bytes out(text.size());
  int written = 0;
  int last = 0;
  std::array<std::uint8_t, 16> rest{};  // where OpenSSL may put a last block; GCM has none
  if (context == nullptr || !begin(context.get(), key, nonce, associated, 0) ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag.data()) != 1)
    return openssl_failed("AES-256-GCM");
  const bool authentic =
      EVP_CipherUpdate(context.get(), out.data(), &written, text.data(), static_cast<int>(text.size())) == 1 &&
      EVP_CipherFinal_ex(context.get(), rest.data(), &last) == 1;
  auto plain = Secret::adopt(std::move(out));  // wiped also when it turns out not to be authentic
  if (!authentic) return Error{ErrorCode::refused, "not authentic"};
  return plain;
}

Result<void> check_cost(const ScryptCost& cost) {
  const auto refuse = [](const char* why) { return Error{ErrorCode::invalid_input, why}; };
  if (!std::has_single_bit(cost.n) || cost.n < 1024 || cost.n > (std::uint64_t{1} << 24))
    return refuse("scrypt n is not a power of two from 1024 to 16777216");
  if (cost.r < 1 || cost.r > 64) return refuse("scrypt r is not from 1 to 64");
  if (cost.p < 1 || cost.p > 64) return refuse("scrypt p is not from 1 to 64");
  if (128 * cost.n * cost.r > largest_memory) return refuse("scrypt would take more than 256 MiB");
  if (cost.n * cost.r * cost.p > largest_work) return refuse("scrypt would take too long");
  return {};
}

Result<Secret> derive_key(const Secret& password, ByteView salt, const ScryptCost& cost) {
  if (auto checked = check_cost(cost); !checked) return checked.error();
  const std::unique_ptr<EVP_KDF, FreeKdf> kdf(EVP_KDF_fetch(nullptr, "SCRYPT", nullptr));
  if (kdf == nullptr) return openssl_failed("scrypt");
  const std::unique_ptr<EVP_KDF_CTX, FreeKdf> context(EVP_KDF_CTX_new(kdf.get()));
  // OpenSSL takes its parameters through pointers that are not const; it only reads them.
  auto n = cost.n;
  auto r = std::uint64_t{cost.r};
  auto p = std::uint64_t{cost.p};
  auto memory = largest_memory + (std::uint64_t{8} << 20);
  const auto octets = [](const char* name, ByteView view) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(view.data()), view.size());
  };
  const std::array<OSSL_PARAM, 7> parameters{octets(OSSL_KDF_PARAM_PASSWORD, password.view()),
                                             octets(OSSL_KDF_PARAM_SALT, salt),
                                             OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
                                             OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_R, &r),
                                             OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_P, &p),
                                             OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
                                             OSSL_PARAM_construct_end()};
  Bytes key(key_bytes);
  if (context == nullptr || EVP_KDF_derive(context.get(), key.data(), key.size(), parameters.data()) != 1)
    return openssl_failed("scrypt");
  return Secret::adopt(std::move(key));
}

}  // namespace ipsec9000::keystore
