// Services by name.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/selector.hpp"

namespace ipsec9000 {

struct Service {
  IpProtocol protocol = IpProtocol::tcp;
  std::uint16_t port = 0;
};

// "telnet" or, where the protocol is to be chosen, "domain/udp". The system's list (/etc/services) decides; a short
// list of our own serves where that has no such name. Without "/PROTOCOL": tcp where the list has it, else udp, else
// sctp. Nothing when the name is unknown.
std::optional<Service> find_service(std::string_view name);

// When the system's list was written last; nothing when there is none.
std::optional<std::filesystem::file_time_type> services_changed_at();

}  // namespace ipsec9000
