#include "pki/directory_name.hpp"

#include "base/text.hpp"
#include "pki/openssl.hpp"

namespace ipsec9000::pki {

static std::string directory_text(const X509_NAME* name) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  constexpr unsigned long flags = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;  // UTF-8 as it is
  if (!out || X509_NAME_print_ex(out.get(), name, 0, flags) < 0) return "";
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  std::string escaped;
  for (long i = 0; i < length; ++i) {
    const auto c = static_cast<std::uint8_t>(text[i]);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '=' ||
                       c == ',' || c == '-' || c == '.' || c == '_';
    escaped += plain ? std::string(1, static_cast<char>(c)) : "%" + to_hex({&c, 1});
  }
  return escaped;
}

std::string directory_name(const Certificate& certificate) {
  return directory_text(X509_get_subject_name(certificate.native()));
}

std::string issuer_directory_name(const Certificate& certificate) {
  return directory_text(X509_get_issuer_name(certificate.native()));
}

}  // namespace ipsec9000::pki
