// The few words about security associations that every layer shares: wire, kernel, model and reports.
#pragma once
#include <cstdint>
#include <string_view>

namespace ipsec9000 {

// Security Parameter Index in host order; 0-255 are reserved (RFC 4303, 2.1).
enum class Spi : std::uint32_t {};

enum class SaProtocol : std::uint8_t { esp = 50, ah = 51 };        // the IP protocol numbers
enum class Mode : std::uint8_t { transport = 0, tunnel = 1 };      // the kernel's numbers

constexpr std::string_view to_string(SaProtocol protocol) { return protocol == SaProtocol::esp ? "esp" : "ah"; }
constexpr std::string_view to_string(Mode mode) { return mode == Mode::transport ? "transport" : "tunnel"; }

}  // namespace ipsec9000
