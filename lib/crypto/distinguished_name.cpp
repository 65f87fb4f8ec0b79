#include "crypto/distinguished_name.hpp"

#include <openssl/bio.h>
#include <openssl/x509.h>

#include <memory>
#include <vector>

#include "base/text.hpp"

namespace ipsec9000 {

namespace {
struct FreeName {
  void operator()(X509_NAME* name) const { X509_NAME_free(name); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Name = std::unique_ptr<X509_NAME, FreeName>;

// Splits at unescaped separators and removes the escapes.
std::vector<std::string> attributes_of(std::string_view text) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size())
      parts.back().push_back(text[++i]);
    else if (text[i] == ',' || text[i] == '/')
      parts.emplace_back();
    else
      parts.back().push_back(text[i]);
  }
  return parts;
}
}  // namespace

Result<Bytes> distinguished_name_to_der(std::string_view text) {
  Name name(X509_NAME_new());
  int entries = 0;
  for (const auto& part : attributes_of(text)) {
    const auto attribute = trim(part);
    if (attribute.empty()) continue;
    const auto equals = attribute.find('=');
    const std::string type(trim(attribute.substr(0, equals)));
    const std::string value(equals == std::string_view::npos ? "" : trim(attribute.substr(equals + 1)));
    if (value.empty() || !name ||
        X509_NAME_add_entry_by_txt(name.get(), type.c_str(), MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(value.data()), static_cast<int>(value.size()),
                                   -1, 0) != 1)
      return Error{ErrorCode::invalid_input,
                   "\"" + escape_control(attribute) + "\" is no attribute of a distinguished name (such as CN=host)"};
    ++entries;
  }
  unsigned char* der = nullptr;
  const int length = entries > 0 ? i2d_X509_NAME(name.get(), &der) : -1;
  if (length < 0) return Error{ErrorCode::invalid_input, "\"" + escape_control(text) + "\" is no distinguished name"};
  Bytes bytes(der, der + length);
  OPENSSL_free(der);
  return bytes;
}

Result<std::string> distinguished_name_to_text(ByteView der) {
  const auto* at = der.data();
  Name name(d2i_X509_NAME(nullptr, &at, static_cast<long>(der.size())));
  std::unique_ptr<BIO, FreeBio> out(BIO_new(BIO_s_mem()));
  if (!name || at != der.data() + der.size() || !out ||
      X509_NAME_print_ex(out.get(), name.get(), 0,
                         (XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ) & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_QUOTE)) < 0)
    return Error{ErrorCode::invalid_input, "not a DER distinguished name"};
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(length));
}

}  // namespace ipsec9000
