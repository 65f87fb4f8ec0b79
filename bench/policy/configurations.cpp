#include "configurations.hpp"

#include <cstdlib>
#include <iostream>
#include <random>

#include "policy/parse.hpp"

namespace ipsec9000::bench {

namespace {
IpAddress numbered_address(std::size_t first, std::size_t number) {
  const auto value = (first << 24) + number;
  const std::array<std::uint8_t, 4> bytes{static_cast<std::uint8_t>(value >> 24),
                                          static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8),
                                          static_cast<std::uint8_t>(value)};
  return *IpAddress::from_bytes(bytes);
}

IpAddress remote_of(Kind kind, std::size_t number) {
  return kind == Kind::prefixes ? numbered_address(20, number << 8) : numbered_address(11, number);
}

std::string filter_text(Kind kind, std::size_t number) {
  switch (kind) {
    case Kind::exact:
      return R"("local": "10.9.0.1", "remote": ")" + remote_of(kind, number).to_string() +
             R"(", "protocol": "tcp", "remote_port": 23)";
    case Kind::prefixes:
      return R"("remote": ")" + remote_of(kind, number).to_string() + R"(/24")";
    case Kind::wildcard:
      return R"("protocol": "tcp", "remote_port": )" + std::to_string(number + 1);
    case Kind::mixed:
    case Kind::expanded:
      if (number % 2 == 1)
        return R"("local": "10.9.0.1", "remote": ")" + numbered_address(20, number << 8).to_string() + R"(/24")";
      return (kind == Kind::expanded ? R"("local": "10.9.0.1", )" : "") + std::string(R"("remote": ")") +
             numbered_address(11, number).to_string() + "\"";
    case Kind::services:
      return R"("local": "10.9.0.1", "protocol": "tcp", "remote_port": )" + std::to_string(number + 1);
  }
  return {};
}
}  // namespace

std::string configuration_text(Kind kind, std::size_t count, std::size_t changed) {
  std::string text = "{\"version\": 1,\n\"policies\": [\n";
  for (std::size_t number = 0; number < count; ++number)
    text += (number == 0 ? "" : ",\n") + std::string(R"(  {"name": "policy_)") + std::to_string(number) +
            R"(", "filter": {)" + filter_text(kind, number) + R"(}, "action": "secure", "transforms": [")" +
            (number == changed ? "ESP-AES256-HMAC-SHA256" : "ESP-AES128-HMAC-SHA256") + "\"]}";
  text += "],\n\"isakmp_policies\": [{\"name\": \"all\", \"proposals\": [\"AES128-SHA256-MODP2048\"]}]}\n";
  return text;
}

Configuration configuration(Kind kind, std::size_t count) {
  auto parsed = parse_configuration(configuration_text(kind, count), "bench");
  if (!parsed.valid()) {
    std::cerr << parsed.lines().front() << "\n";
    std::abort();
  }
  return std::move(*parsed.configuration);
}

std::vector<Flow> packets(Kind kind, std::size_t policies, std::size_t count) {
  std::mt19937 random(1);
  std::uniform_int_distribution<std::size_t> pick(0, policies - 1);
  std::vector<Flow> made;
  for (std::size_t n = 0; n < count; ++n) {
    const auto number = pick(random);
    Flow flow{numbered_address(10, (9u << 16) + 1), remote_of(kind, number), IpProtocol::tcp, 40000,
              static_cast<std::uint16_t>(kind == Kind::wildcard || kind == Kind::services ? number + 1 : 23)};
    if (n % 2 == 1) {
      flow.destination = numbered_address(192, number);
      flow.protocol = IpProtocol::udp;
    }
    made.push_back(flow);
  }
  return made;
}

}  // namespace ipsec9000::bench
