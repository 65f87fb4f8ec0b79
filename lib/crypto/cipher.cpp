#include "crypto/cipher.hpp"

#include <openssl/evp.h>
#include <openssl/provider.h>

#include <map>
#include <memory>

#include "base/free_by.hpp"

namespace ipsec9000 {

namespace {
// Single DES lives in the legacy provider; loading one by hand switches the automatic default off.
void load_legacy_provider() {
  static const std::unique_ptr<OSSL_PROVIDER, FreeBy<OSSL_PROVIDER_unload>> standard(
      OSSL_PROVIDER_load(nullptr, "default"));
  static const std::unique_ptr<OSSL_PROVIDER, FreeBy<OSSL_PROVIDER_unload>> legacy(
      OSSL_PROVIDER_load(nullptr, "legacy"));
}

const EVP_CIPHER* fetched(Encryption algorithm) {
  thread_local std::map<Encryption, std::unique_ptr<EVP_CIPHER, FreeBy<EVP_CIPHER_free>>> cache;
  auto& entry = cache[algorithm];
  if (!entry) {
    if (algorithm == Encryption::des) load_legacy_provider();
    entry.reset(EVP_CIPHER_fetch(nullptr, std::string(info(algorithm).openssl).c_str(), nullptr));
  }
  return entry.get();
}

Result<Bytes> run_cbc(Encryption algorithm, ByteView key, ByteView iv, ByteView text, bool encrypt) {
  const auto& facts = info(algorithm);
  const Error failure{ErrorCode::crypto, std::string(facts.shown) + ": cipher not available in OpenSSL"};
  if (facts.openssl.empty()) return failure;
  if (key.size() != facts.key_bytes || iv.size() != facts.block_bytes || text.size() % facts.block_bytes != 0 ||
      text.size() > (1u << 24))
    return Error{ErrorCode::invalid_input, std::string(facts.shown) + ": key, IV or text of a wrong length"};
  const auto* cipher = fetched(algorithm);
  thread_local std::unique_ptr<EVP_CIPHER_CTX, FreeBy<EVP_CIPHER_CTX_free>> context(EVP_CIPHER_CTX_new());
  if (cipher == nullptr || context == nullptr) return failure;
  Bytes out(text.size() + facts.block_bytes);
  int written = 0;
  int last = 0;
  const bool done =
      EVP_CipherInit_ex2(context.get(), cipher, key.data(), iv.data(), encrypt ? 1 : 0, nullptr) == 1 &&
      EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1 &&
      EVP_CipherUpdate(context.get(), out.data(), &written, text.data(), static_cast<int>(text.size())) == 1 &&
      EVP_CipherFinal_ex(context.get(), out.data() + written, &last) == 1;
  EVP_CIPHER_CTX_reset(context.get());
  if (!done) return failure;
  out.resize(static_cast<std::size_t>(written) + static_cast<std::size_t>(last));
  return out;
}
}  // namespace

Result<Bytes> encrypt_cbc(Encryption algorithm, ByteView key, ByteView iv, ByteView text) {
  return run_cbc(algorithm, key, iv, text, true);
}
Result<Bytes> decrypt_cbc(Encryption algorithm, ByteView key, ByteView iv, ByteView text) {
  return run_cbc(algorithm, key, iv, text, false);
}

}  // namespace ipsec9000
