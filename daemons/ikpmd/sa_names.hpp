// What the algorithms of an SA in the kernel are called in reports, for SAs of anybody.
#pragma once
#include <string>

#include "xfrm/types.hpp"

namespace ipsec9000 {

// "AES256-CBC"; "None" where the SA has none; the kernel's name where it is not in our tables. Without keys, which tell
// them apart, the first of several lengths.
std::string encryption_name(const SaSpec& sa);
std::string authentication_name(const SaSpec& sa);

}  // namespace ipsec9000
