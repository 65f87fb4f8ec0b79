// The few words about security associations that every layer shares: wire, kernel, model and reports.
#pragma once
#include <cstdint>
#include <string>

namespace ipsec9000 {

// Security Parameter Index in host order; 0-255 are reserved (RFC 4303, 2.1). 0: none yet, as in the state that waits
// for an ACQUIRE to be answered.
enum class Spi : std::uint32_t {};

enum class SaProtocol : std::uint8_t { esp = 50, ah = 51 };    // the IP protocol numbers
enum class Mode : std::uint8_t { transport = 0, tunnel = 1 };  // the kernel's numbers

std::string to_string(SaProtocol protocol);  // "esp", "ah", or the number: the kernel reports others too
std::string to_string(Mode mode);            // "transport", "tunnel", or the number

}  // namespace ipsec9000
