// How much work a password-protected file wants done, before it is done. For the sources of this folder.
#pragma once
#include <openssl/pkcs12.h>

#include "base/result.hpp"

namespace ipsec9000::pki {

inline constexpr long password_iterations_maximum = 5'000'000;  // some seconds

Result<void> check_password_work(const X509_SIG& sealed);  // refused
Result<void> check_password_work(const PKCS12& file);      // refused; of what is not itself inside an encrypted part

}  // namespace ipsec9000::pki
