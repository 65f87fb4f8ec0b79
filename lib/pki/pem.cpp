#include "pki/pem.hpp"

#include <openssl/pem.h>

#include "pki/openssl.hpp"

namespace ipsec9000::pki {

std::string certificate_pem(const Certificate& certificate) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  char* text = nullptr;
  if (!out || PEM_write_bio_X509(out.get(), certificate.native()) != 1) return "";
  const long length = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace ipsec9000::pki
