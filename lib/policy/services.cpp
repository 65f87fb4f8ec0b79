#include "policy/services.hpp"

#include <arpa/inet.h>
#include <netdb.h>

#include <array>
#include <string>

#include "base/text.hpp"

namespace ipsec9000 {

namespace {
struct KnownService {
  std::string_view name;
  IpProtocol protocol;
  std::uint16_t port;
};
constexpr std::array known_services{
    KnownService{"ftp", IpProtocol::tcp, 21},    KnownService{"ssh", IpProtocol::tcp, 22},
    KnownService{"telnet", IpProtocol::tcp, 23}, KnownService{"smtp", IpProtocol::tcp, 25},
    KnownService{"domain", IpProtocol::tcp, 53}, KnownService{"domain", IpProtocol::udp, 53},
    KnownService{"tftp", IpProtocol::udp, 69},   KnownService{"http", IpProtocol::tcp, 80},
    KnownService{"pop3", IpProtocol::tcp, 110},  KnownService{"ntp", IpProtocol::udp, 123},
    KnownService{"imap2", IpProtocol::tcp, 143}, KnownService{"snmp", IpProtocol::udp, 161},
    KnownService{"ldap", IpProtocol::tcp, 389},  KnownService{"https", IpProtocol::tcp, 443},
    KnownService{"exec", IpProtocol::tcp, 512},  KnownService{"login", IpProtocol::tcp, 513},
    KnownService{"shell", IpProtocol::tcp, 514}, KnownService{"syslog", IpProtocol::udp, 514},
    KnownService{"ldaps", IpProtocol::tcp, 636}, KnownService{"nfs", IpProtocol::tcp, 2049},
};
constexpr std::array protocols{IpProtocol::tcp, IpProtocol::udp, IpProtocol::sctp};

std::optional<Service> system_service(const std::string& name, IpProtocol protocol) {
  servent entry{};
  servent* found = nullptr;
  std::array<char, 4096> room{};
  if (::getservbyname_r(name.c_str(), to_string(protocol).c_str(), &entry, room.data(), room.size(), &found) != 0 ||
      found == nullptr)
    return std::nullopt;
  return Service{protocol, ntohs(static_cast<std::uint16_t>(found->s_port))};
}

std::optional<Service> own_service(std::string_view name, IpProtocol protocol) {
  for (const auto& known : known_services)
    if (known.name == name && known.protocol == protocol) return Service{protocol, known.port};
  return std::nullopt;
}
}  // namespace

std::optional<Service> find_service(std::string_view name) {
  const auto slash = name.find('/');
  const std::string plain = to_lower(name.substr(0, slash));
  if (plain.empty() || plain.size() > 64 || plain.find('\0') != std::string::npos) return std::nullopt;
  for (const bool system : {true, false})
    for (const auto protocol : protocols) {
      if (slash != std::string_view::npos && to_lower(name.substr(slash + 1)) != to_string(protocol)) continue;
      if (auto found = system ? system_service(plain, protocol) : own_service(plain, protocol)) return found;
    }
  return std::nullopt;
}

std::optional<std::filesystem::file_time_type> services_changed_at() {
  std::error_code failure;
  const auto time = std::filesystem::last_write_time("/etc/services", failure);
  return failure ? std::nullopt : std::optional(time);
}

}  // namespace ipsec9000
