#include "pki/bundle.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <algorithm>
#include <string_view>

#include "pki/openssl.hpp"
#include "pki/password_work.hpp"
#include "pki/pkcs7.hpp"

namespace ipsec9000::pki {

namespace {
using Pkcs12Ptr = std::unique_ptr<PKCS12, FreeBy<PKCS12_free>>;
using SealedPtr = std::unique_ptr<X509_SIG, FreeBy<X509_SIG_free>>;
using OwnedListPtr =
    std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * all) { sk_X509_pop_free(all, X509_free); })>;

std::string terminated(const Secret& password) { return {password.view().begin(), password.view().end()}; }

struct WipedText {
  std::string text;
  ~WipedText() { wipe_memory(text.data(), text.size()); }
};

Result<void> add_certificate(Bundle& bundle, ByteView der) {
  if (bundle.certificates.size() >= bundle_certificates_maximum)
    return Error{ErrorCode::invalid_input,
                 "more than " + std::to_string(bundle_certificates_maximum) + " certificates"};
  auto certificate = Certificate::parse(der);
  if (!certificate) return certificate.error();
  bundle.certificates.push_back(std::move(*certificate));
  return {};
}

Result<void> add_x509(Bundle& bundle, const X509* x509) {
  unsigned char* der = nullptr;
  const int length = i2d_X509(x509, &der);
  if (length < 0) return openssl_error(ErrorCode::invalid_input, "a certificate that cannot be read");
  auto added = add_certificate(bundle, ByteView(der, static_cast<std::size_t>(length)));
  OPENSSL_free(der);
  return added;
}

Result<void> add_crl(Bundle& bundle, ByteView der) {
  auto crl = Crl::parse(der);
  if (!crl) return crl.error();
  bundle.crls.push_back(std::move(*crl));
  return {};
}

Result<void> set_key(Bundle& bundle, EVP_PKEY* taken) {
  if (bundle.key) {
    EVP_PKEY_free(taken);
    return Error{ErrorCode::invalid_input, "more than one private key"};
  }
  auto key = PrivateKey::adopt(taken);
  if (!key) return key.error();
  bundle.key = std::move(*key);
  return {};
}

Result<void> add_key(Bundle& bundle, ByteView der) {
  auto key = PrivateKey::parse(Secret(der));
  if (!key) return key.error();
  if (bundle.key) return Error{ErrorCode::invalid_input, "more than one private key"};
  bundle.key = std::move(*key);
  return {};
}

Result<void> add_sealed_key(Bundle& bundle, ByteView der, const Secret& password) {
  const auto* at = der.data();
  const SealedPtr sealed(d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!sealed) return openssl_error(ErrorCode::invalid_input, "not an encrypted private key");
  if (auto bounded = check_password_work(*sealed); !bounded) return bounded;
  if (password.empty())
    return Error{ErrorCode::not_permitted, "the private key is encrypted, and no password was given"};
  const WipedText text{terminated(password)};
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeBy<PKCS8_PRIV_KEY_INFO_free>> info(
      PKCS8_decrypt(sealed.get(), text.text.data(), static_cast<int>(text.text.size())));
  auto* key = info ? EVP_PKCS82PKEY(info.get()) : nullptr;
  if (key == nullptr)
    return openssl_error(ErrorCode::not_permitted, "the private key does not open with this password");
  return set_key(bundle, key);
}

Result<void> add_pkcs7(Bundle& bundle, ByteView der) {
  const auto certificates = pkcs7_certificates(der);
  if (!certificates) return certificates.error();
  for (const auto& certificate : *certificates)
    if (auto added = add_certificate(bundle, certificate); !added) return added;
  return {};
}

Result<void> add_pkcs12(Bundle& bundle, ByteView der, const Secret& password) {
  const auto* at = der.data();
  const Pkcs12Ptr read(d2i_PKCS12(nullptr, &at, static_cast<long>(der.size())));
  if (!read) return openssl_error(ErrorCode::invalid_input, "not PKCS#12");
  if (auto bounded = check_password_work(*read); !bounded) return bounded;
  const WipedText text{terminated(password)};
  EVP_PKEY* key = nullptr;
  X509* own = nullptr;
  STACK_OF(X509)* others = nullptr;
  if (PKCS12_parse(read.get(), text.text.c_str(), &key, &own, &others) != 1)
    return openssl_error(ErrorCode::not_permitted, "the PKCS#12 file does not open with this password");
  const X509Ptr owned(own);
  const OwnedListPtr owned_others(others);
  if (key != nullptr)
    if (auto set = set_key(bundle, key); !set) return set;
  if (own != nullptr)
    if (auto added = add_x509(bundle, own); !added) return added;
  for (int i = 0; others != nullptr && i < sk_X509_num(others); ++i)
    if (auto added = add_x509(bundle, sk_X509_value(others, i)); !added) return added;
  return {};
}

struct Block {
  std::string name, header;
  Secret der;
};

std::optional<Block> next_block(BIO* bio) {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;
  if (PEM_read_bio(bio, &name, &header, &data, &length) != 1) return std::nullopt;
  Block block{name, header, Secret(ByteView(data, static_cast<std::size_t>(length)))};
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_clear_free(data, static_cast<std::size_t>(length));
  return block;
}

Result<void> add_block(Bundle& bundle, const Block& block, const Secret& password) {
  if (block.name == PEM_STRING_X509 || block.name == PEM_STRING_X509_OLD)
    return add_certificate(bundle, block.der.view());
  if (block.name == PEM_STRING_X509_CRL) return add_crl(bundle, block.der.view());
  if (block.name == PEM_STRING_PKCS7 || block.name == PEM_STRING_CMS) return add_pkcs7(bundle, block.der.view());
  if (block.name == PEM_STRING_PKCS8) return add_sealed_key(bundle, block.der.view(), password);
  if (!block.name.ends_with("PRIVATE KEY")) return {};  // parameters, requests: not ours to judge
  if (!block.header.empty())
    return Error{ErrorCode::unsupported,
                 "a private key in an encryption that is out of use; make it PKCS#8 (openssl pkcs8 -topk8)"};
  return add_key(bundle, block.der.view());
}

Result<Bundle> read_pem(ByteView file, const Secret& password) {
  const auto bio = reading(file);
  Bundle bundle;
  std::size_t blocks = 0;
  while (const auto block = next_block(bio.get())) {
    ++blocks;
    if (auto added = add_block(bundle, *block, password); !added) return added.error();
  }
  const auto reason = ERR_GET_REASON(ERR_peek_last_error());
  if (blocks == 0 || reason != PEM_R_NO_START_LINE)
    return openssl_error(ErrorCode::invalid_input, "PEM that cannot be read");
  ERR_clear_error();
  return bundle;
}

bool looks_like_pem(ByteView file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  return text.find("-----BEGIN ") != std::string_view::npos;
}
}  // namespace

Result<Bundle> read_bundle(ByteView file, const Secret& password) {
  if (file.size() > bundle_bytes_maximum)
    return Error{ErrorCode::invalid_input, "a file of " + std::to_string(file.size()) + " bytes (at most " +
                                               std::to_string(bundle_bytes_maximum) + ")"};
  if (file.empty()) return Error{ErrorCode::invalid_input, "the file is empty"};
  if (file.front() != 0x30 || looks_like_pem(file.first(std::min<std::size_t>(file.size(), 64))))
    return read_pem(file, password);
  Bundle bundle;
  if (add_certificate(bundle, file) || add_crl(bundle, file) || add_pkcs7(bundle, file)) return bundle;
  auto opened = add_pkcs12(bundle, file, password);
  if (opened) return bundle;
  if (opened.error().code != ErrorCode::invalid_input) return opened.error();
  auto key = add_key(bundle, file);
  if (!key) key = key.error().code == ErrorCode::refused ? key : add_sealed_key(bundle, file, password);
  if (key) return bundle;
  if (key.error().code != ErrorCode::invalid_input) return key.error();
  return Error{ErrorCode::invalid_input,
               "neither a certificate, a CRL, PKCS#7, PKCS#12 nor a private key, in PEM or DER"};
}

}  // namespace ipsec9000::pki
