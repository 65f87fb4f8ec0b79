#include "base/sa.hpp"

namespace ipsec9000 {

std::string to_string(SaProtocol protocol) {
  if (protocol == SaProtocol::esp) return "esp";
  if (protocol == SaProtocol::ah) return "ah";
  return std::to_string(static_cast<unsigned>(protocol));
}

std::string to_string(Mode mode) {
  if (mode == Mode::transport) return "transport";
  if (mode == Mode::tunnel) return "tunnel";
  return std::to_string(static_cast<unsigned>(mode));
}

}  // namespace ipsec9000
