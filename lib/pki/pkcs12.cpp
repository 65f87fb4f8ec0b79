#include "pki/pkcs12.hpp"

#include <openssl/pkcs12.h>

#include "pki/openssl.hpp"

namespace ipsec9000::pki {

namespace {
using Pkcs12Ptr = std::unique_ptr<PKCS12, FreeBy<PKCS12_free>>;
constexpr int iterations = 100'000;  // some hundredths of a second
}  // namespace

Result<Bytes> make_pkcs12(const PrivateKey& key, const Certificate& certificate, const std::vector<Certificate>& others,
                          const std::string& name, const Secret& password) {
  if (password.empty()) return Error{ErrorCode::invalid_input, "the password is empty"};
  const X509ListPtr stack(sk_X509_new_null());
  for (const auto& other : others) sk_X509_push(stack.get(), other.native());
  auto text = to_bytes(password.view());
  text.push_back(0);
  const Secret terminated = Secret::adopt(std::move(text));
  const Pkcs12Ptr made(PKCS12_create(reinterpret_cast<const char*>(terminated.view().data()), name.c_str(),
                                     key.native(), certificate.native(), stack.get(), NID_aes_256_cbc, NID_aes_256_cbc,
                                     iterations, iterations, 0));
  if (!made) return openssl_error(ErrorCode::crypto, "making PKCS#12");
  unsigned char* der = nullptr;
  const int length = i2d_PKCS12(made.get(), &der);
  if (length < 0) return openssl_error(ErrorCode::crypto, "making PKCS#12");
  Bytes bytes(der, der + length);
  OPENSSL_free(der);
  return bytes;
}

}  // namespace ipsec9000::pki
