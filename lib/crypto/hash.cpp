#include "crypto/hash.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstdlib>
#include <map>
#include <memory>

namespace ipsec9000 {

namespace {
struct FreeMd {
  void operator()(EVP_MD* md) const { EVP_MD_free(md); }
};
struct FreeMdContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeMac {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
};
struct FreeMacContext {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

// OpenSSL refuses these calls only for want of memory or a broken installation; there is no way to go on.
void require(bool done) {
  if (!done) std::abort();
}

const EVP_MD* fetched(HashAlgorithm algorithm) {
  thread_local std::map<HashAlgorithm, std::unique_ptr<EVP_MD, FreeMd>> cache;
  auto& entry = cache[algorithm];
  if (!entry) entry.reset(EVP_MD_fetch(nullptr, std::string(info(algorithm).openssl).c_str(), nullptr));
  require(entry != nullptr);
  return entry.get();
}

EVP_MAC_CTX* mac_context(HashAlgorithm algorithm) {
  thread_local std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  thread_local std::map<HashAlgorithm, std::unique_ptr<EVP_MAC_CTX, FreeMacContext>> cache;
  require(mac != nullptr);
  auto& entry = cache[algorithm];
  if (!entry) {
    entry.reset(EVP_MAC_CTX_new(mac.get()));
    require(entry != nullptr);
    std::string name(info(algorithm).openssl);
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
                                     OSSL_PARAM_construct_end()};
    require(EVP_MAC_CTX_set_params(entry.get(), parameters) == 1);
  }
  return entry.get();
}
}  // namespace

Bytes digest(HashAlgorithm algorithm, std::initializer_list<ByteView> parts) {
  thread_local std::unique_ptr<EVP_MD_CTX, FreeMdContext> context(EVP_MD_CTX_new());
  require(context != nullptr && EVP_DigestInit_ex2(context.get(), fetched(algorithm), nullptr) == 1);
  for (auto part : parts) require(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  Bytes out(info(algorithm).bytes);
  require(EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1);
  return out;
}

Bytes prf(HashAlgorithm algorithm, ByteView key, std::initializer_list<ByteView> parts) {
  auto* context = mac_context(algorithm);
  // A null key would mean "the key of the last call" to OpenSSL; an empty key is a key.
  static constexpr std::uint8_t nothing = 0;
  require(EVP_MAC_init(context, key.empty() ? &nothing : key.data(), key.size(), nullptr) == 1);
  for (auto part : parts) require(EVP_MAC_update(context, part.data(), part.size()) == 1);
  Bytes out(info(algorithm).bytes);
  std::size_t length = 0;
  require(EVP_MAC_final(context, out.data(), &length, out.size()) == 1);
  return out;
}

}  // namespace ipsec9000
