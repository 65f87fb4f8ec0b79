#include "sa_names.hpp"

#include "base/text.hpp"
#include "crypto/algorithms.hpp"

namespace ipsec9000 {

std::string encryption_name(const SaSpec& sa) {
  if (!sa.encryption) return "None";
  for (const auto& known : all_encryptions())
    if (known.kernel == sa.encryption->algorithm &&
        (sa.encryption->key.empty() || sa.encryption->key.size() == std::size_t{known.key_bytes} + known.salt_bytes))
      return std::string(known.shown);
  return escape_control(sa.encryption->algorithm);
}

std::string authentication_name(const SaSpec& sa) {
  if (!sa.authentication) return "None";
  for (const auto& known : all_integrities())
    if (!known.kernel.empty() && known.kernel == sa.authentication->algorithm) return std::string(known.shown);
  return escape_control(sa.authentication->algorithm);
}

}  // namespace ipsec9000
