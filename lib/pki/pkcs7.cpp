#include "pki/pkcs7.hpp"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <memory>

namespace ipsec9000::pki {

namespace {
struct Free {
  void operator()(PKCS7* wrapping) const { PKCS7_free(wrapping); }
};
constexpr std::size_t bytes_maximum = 1 << 20;
}  // namespace

Result<std::vector<Bytes>> pkcs7_certificates(ByteView der) {
  const Error none{ErrorCode::invalid_input, "not certificates in PKCS#7"};
  if (der.empty() || der.size() > bytes_maximum) return none;
  const auto* at = der.data();
  const std::unique_ptr<PKCS7, Free> wrapping(d2i_PKCS7(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  if (!wrapping || at != der.data() + der.size() || !PKCS7_type_is_signed(wrapping.get()) ||
      wrapping->d.sign == nullptr)
    return none;
  const auto* stack = wrapping->d.sign->cert;
  const int count = stack == nullptr ? 0 : sk_X509_num(stack);
  if (count <= 0 || static_cast<std::size_t>(count) > pkcs7_certificates_maximum) return none;
  std::vector<Bytes> found;
  for (int i = 0; i < count; ++i) {
    unsigned char* bytes = nullptr;
    const int length = i2d_X509(sk_X509_value(stack, i), &bytes);
    if (length < 0) return none;
    found.emplace_back(bytes, bytes + length);
    OPENSSL_free(bytes);
  }
  return found;
}

}  // namespace ipsec9000::pki
