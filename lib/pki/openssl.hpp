// OpenSSL's objects with an owner, for the sources of this folder.
#pragma once
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/free_by.hpp"
#include "base/time.hpp"

namespace ipsec9000::pki {

using X509Ptr = std::unique_ptr<X509, FreeBy<X509_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, FreeBy<X509_CRL_free>>;
using NamePtr = std::unique_ptr<X509_NAME, FreeBy<X509_NAME_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>>;
using StorePtr = std::unique_ptr<X509_STORE, FreeBy<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, FreeBy<X509_STORE_CTX_free>>;
using BioPtr = std::unique_ptr<BIO, FreeBy<BIO_free_all>>;
// The list is owned, the certificates in it are not.
struct FreeList {
  void operator()(STACK_OF(X509) * list) const { sk_X509_free(list); }
};
using X509ListPtr = std::unique_ptr<STACK_OF(X509), FreeList>;
using NumberPtr = std::unique_ptr<BIGNUM, FreeBy<BN_free>>;

// An Error with OpenSSL's own first reason, if it left one; its queue of errors is empty afterwards.
Error openssl_error(ErrorCode code, std::string_view what);

Bytes name_to_der(const X509_NAME* name);
std::string name_to_text(const X509_NAME* name);  // safe to show; "(no name)" for an empty one
std::string number_to_hex(const ASN1_INTEGER* number);
Result<WallTime> to_wall_time(const ASN1_TIME* time);

// A memory BIO that reads `bytes`, which must outlive it. Null for what OpenSSL cannot take.
BioPtr reading(ByteView bytes);

}  // namespace ipsec9000::pki
