#include "base/text.hpp"
#include "policy/reader.hpp"

namespace ipsec9000 {

FilterReader::FilterReader(const Node& node, std::string pointer, MessageList& messages, ServiceNames& services)
    : node_(node),
      pointer_(std::move(pointer)),
      messages_(messages),
      services_(services),
      keys_(*configuration_root().find("policies")->find("filter")) {}

bool FilterReader::read(Filter& filter) {
  const bool addresses = read_addresses(filter);
  const bool protocol = read_protocol(filter);
  const bool local_service = read_service("local_service", filter.local_port, "local_port", filter);
  const bool service = read_service("service", filter.remote_port, "remote_port", filter);
  const bool ports = protocol && read_ports(filter);
  const bool icmp = protocol && addresses && read_icmp(filter);
  return addresses && protocol && service && local_service && ports && icmp && check_families(filter);
}

bool FilterReader::read_addresses(Filter& filter) {
  bool good = true;
  if (const auto* local = node_.usable("local"))
    good &= read_prefix(*local, key("local"), at("local"), messages_, filter.local);
  if (const auto* remote = node_.usable("remote"))
    good &= read_prefix(*remote, key("remote"), at("remote"), messages_, filter.remote);
  if (good && filter.local && filter.remote && filter.local->family() != filter.remote->family()) {
    refuse(*node_.find("remote"), key("remote"), at("remote"), messages_,
           "local and remote are of different families: " + filter.local->to_string() + " and " +
               filter.remote->to_string());
    good = false;
  }
  return good;
}

bool FilterReader::read_protocol(Filter& filter) {
  const auto* node = node_.usable("protocol");
  if (node == nullptr) return true;
  if (node->type == Node::Type::number) {
    filter.protocol = static_cast<IpProtocol>(node->number);
    return true;
  }
  auto parsed = parse_protocol(node->text);
  if (!parsed) {
    const auto hint = parsed.error().text.find("did you mean");
    refuse(*node, key("protocol"), at("protocol"), messages_,
           hint == std::string::npos ? "" : parsed.error().text.substr(hint));
    return false;
  }
  filter.protocol = *parsed;
  return true;
}

bool FilterReader::read_service(std::string_view name, PortRange& port, std::string_view port_key, Filter& filter) {
  const auto* node = node_.usable(name);
  if (node == nullptr) return true;
  bool good = true;
  for (const auto other : {std::string_view("protocol"), port_key, std::string_view("icmp")})
    if (const auto* excluded = node_.find(other)) {
      messages_.error(excluded->key_where, at(other),
                      "\"" + std::string(name) + "\" stands for protocol and port, so \"" + std::string(other) +
                          "\" cannot stand beside it");
      good = false;
    }
  const auto service = services_.find(node->text);
  if (!service) {
    refuse(*node, key(name), at(name), messages_, "no such service is in /etc/services; name protocol and port");
    return false;
  }
  if (filter.protocol != IpProtocol::any && filter.protocol != service->protocol && good) {
    refuse(*node, key(name), at(name), messages_, "\"service\" and \"local_service\" are of different protocols");
    return false;
  }
  if (!good) return false;
  filter.protocol = service->protocol;
  port = PortRange::one(service->port);
  return true;
}

bool FilterReader::read_ports(Filter& filter) {
  const bool local = read_port("local_port", filter.local_port, filter.protocol);
  return read_port("remote_port", filter.remote_port, filter.protocol) && local;
}

bool FilterReader::read_port(std::string_view name, PortRange& port, IpProtocol protocol) {
  const auto* node = node_.usable(name);
  if (node == nullptr || node_.find(name == "local_port" ? "local_service" : "service") != nullptr) return true;
  PortRange range;
  if (node->type == Node::Type::number) {
    if (node->number != 0) range = PortRange::one(static_cast<std::uint16_t>(node->number));
  } else if (node->text != "any") {
    const auto dash = node->text.find('-');
    const std::string_view text = node->text;
    const auto first = parse_number(text.substr(0, dash), 65535);
    const auto last = dash == std::string::npos ? first : parse_number(text.substr(dash + 1), 65535);
    if (!first || !last || *last < *first) {
      refuse(*node, key(name), at(name), messages_, first && last ? "the range ends before it begins" : "");
      return false;
    }
    if (dash != std::string::npos || *first != 0)
      range = {static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
  }
  if (!range.is_any() && !has_ports(protocol)) {
    const bool none = protocol == IpProtocol::any;
    messages_.error(node->where, at(name), node->shown(), "a port only with \"protocol\": \"tcp\", \"udp\" or \"sctp\"",
                    none ? "no protocol is named" : "the protocol is " + to_string(protocol));
    return false;
  }
  port = range;
  return true;
}

bool FilterReader::read_icmp(Filter& filter) {
  const auto* node = node_.usable("icmp");
  if (node == nullptr) return true;
  if (filter.protocol == IpProtocol::any) {
    if (!filter.family()) {
      messages_.error(node->key_where, at("icmp"), "", "",
                      "without an address the \"protocol\" must say whether it is \"icmp\" or \"icmpv6\"");
      return false;
    }
    filter.protocol = *filter.family() == Family::ipv4 ? IpProtocol::icmp : IpProtocol::icmpv6;
  }
  if (!is_icmp(filter.protocol)) {
    messages_.error(node->key_where, at("icmp"), "\"icmp\"", "only with \"protocol\": \"icmp\" or \"icmpv6\"",
                    "the protocol is " + to_string(filter.protocol));
    return false;
  }
  const auto* type = node->usable("type");
  if (type == nullptr) return false;  // reported as missing or wrong
  filter.local_port = PortRange::one(static_cast<std::uint16_t>(type->number));
  if (const auto* code = node->usable("code"))
    filter.remote_port = PortRange::one(static_cast<std::uint16_t>(code->number));
  return true;
}

bool FilterReader::check_families(const Filter& filter) {
  if (!is_icmp(filter.protocol) || (!filter.local && !filter.remote)) return true;
  const auto wanted = filter.protocol == IpProtocol::icmp ? Family::ipv4 : Family::ipv6;
  if (filter.family() == wanted) return true;
  messages_.error(node_.where, at("protocol"), "\"" + to_string(filter.protocol) + "\"", "",
                  wanted == Family::ipv4 ? "ICMP of IPv6 is \"icmpv6\"" : "ICMP of IPv4 is \"icmp\"");
  return false;
}

}  // namespace ipsec9000
