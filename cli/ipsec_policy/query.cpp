#include "cli/ipsec_policy/query.hpp"

#include <nlohmann/json.hpp>

#include "base/selector.hpp"
#include "base/text.hpp"

namespace ipsec9000::cli {

namespace {
Error wrong(std::string text) { return Error{ErrorCode::invalid_input, std::move(text)}; }

Result<std::optional<IpAddress>> address(const Arguments& arguments, const char* option) {
  const auto text = arguments.value(option);
  if (!text || *text == "any") return std::optional<IpAddress>();
  const auto parsed = IpAddress::parse(*text);
  if (!parsed) return parsed.error().within(std::string("-") + option);
  return std::optional(*parsed);
}

Result<std::uint16_t> port(const Arguments& arguments, const char* option) {
  const auto text = arguments.value(option);
  if (!text || *text == "any") return std::uint16_t{0};
  const auto number = parse_number(*text, 65535);
  if (!number) return wrong(std::string("-") + option + ": expected a port from 0 to 65535, or any");
  return static_cast<std::uint16_t>(*number);
}
}  // namespace

Result<Json> query_from(const Arguments& arguments) {
  auto source = address(arguments, "sa");
  if (!source) return source.error();
  auto destination = address(arguments, "da");
  if (!destination) return destination.error();
  const auto family = *source ? (*source)->family() : *destination ? (*destination)->family() : Family::ipv4;
  if (*source && *destination && (*source)->family() != (*destination)->family())
    return wrong("-sa and -da are of different families");
  const auto source_port = port(arguments, "sp");
  if (!source_port) return source_port.error();
  const auto destination_port = port(arguments, "dp");
  if (!destination_port) return destination_port.error();
  const auto protocol = parse_protocol(arguments.value("p").value_or("any"));
  if (!protocol) return protocol.error().within("-p");
  const bool with_ports = *source_port != 0 || *destination_port != 0;
  if (with_ports && !has_ports(*protocol) && !is_icmp(*protocol))
    return wrong("-sp and -dp need -p with a protocol that has ports: tcp, udp or sctp");
  const auto direction = arguments.value("dir").value_or("out");
  if (direction != "in" && direction != "out") return wrong("-dir: expected in or out");
  return Json{{"source", source->value_or(IpAddress::any(family)).to_string()},
              {"source_port", *source_port},
              {"destination", destination->value_or(IpAddress::any(family)).to_string()},
              {"destination_port", *destination_port},
              {"protocol", to_string(*protocol)},
              {"direction", direction},
              {"why", arguments.has("why")}};
}

}  // namespace ipsec9000::cli
