// Between our values and the structures of linux/xfrm.h. Internal to lib/xfrm.
#pragma once
#include <netinet/in.h>
// glibc's header must come before the kernel's, which then leaves out what both define.
#include <linux/xfrm.h>

#include "xfrm/types.hpp"

namespace ipsec9000::abi {

xfrm_address_t address(const IpAddress& address);
IpAddress address(const xfrm_address_t& raw, Family family);
Result<Family> family(unsigned address_family);  // from AF_INET, AF_INET6
std::uint16_t address_family(Family family);

xfrm_selector selector(const KernelSelector& selector, std::uint32_t owner = 0);
Result<KernelSelector> selector(const xfrm_selector& raw);

xfrm_lifetime_cfg lifetimes(const LifetimeLimits& soft, const LifetimeLimits& hard);
LifetimeLimits soft_limits(const xfrm_lifetime_cfg& raw);
LifetimeLimits hard_limits(const xfrm_lifetime_cfg& raw);
LifetimeCurrent current(const xfrm_lifetime_cur& raw);

xfrm_userpolicy_info policy_info(const PolicySpec& policy);

// An SPI is in network order in every structure but the range of an SPI request.
std::uint32_t spi(Spi spi);
Spi spi(std::uint32_t raw);

}  // namespace ipsec9000::abi
