// Short words for building policies, and random ones.
#pragma once
#include <random>
#include <string>
#include <vector>

#include "policy/configuration.hpp"

namespace ipsec9000::test {

inline IpAddress address(std::string_view text) { return *IpAddress::parse(text); }
inline std::optional<Prefix> prefix(std::string_view text) {
  if (text == "any") return std::nullopt;
  return *Prefix::parse(text);
}

struct FilterWords {
  std::string_view local = "any";
  std::string_view remote = "any";
  IpProtocol protocol = IpProtocol::any;
  PortRange local_port = {};
  PortRange remote_port = {};
};
inline Filter filter(const FilterWords& words) {
  return {prefix(words.local), prefix(words.remote), words.protocol, words.local_port, words.remote_port};
}

// Adds a policy; its name is "p" and its place unless given.
inline Policy& add(Configuration& configuration, const FilterWords& words, Decision action = Decision::pass,
                   std::string_view transform = "ESP-AES128-HMAC-SHA256") {
  Policy policy;
  policy.place = static_cast<unsigned>(configuration.policies.size() + 1);
  policy.name = "p" + std::to_string(policy.place);
  policy.filter = filter(words);
  policy.action = action;
  if (action == Decision::secure) policy.transforms.push_back(*Transform::parse(transform));
  configuration.policies.push_back(policy);
  return configuration.policies.back();
}

inline Flow flow(std::string_view source, std::uint16_t source_port, std::string_view destination,
                 std::uint16_t destination_port, IpProtocol protocol = IpProtocol::tcp) {
  return {address(source), address(destination), protocol, source_port, destination_port};
}

// Policies and packets that often meet: few addresses, few ports, filters that contain one another.
class RandomPolicies {
 public:
  explicit RandomPolicies(unsigned seed) : random_(seed) {}

  Configuration configuration(std::size_t count, bool tunnels = true) {
    Configuration made;
    made.default_action = one_in(3) ? Decision::discard : Decision::pass;
    for (std::size_t i = 0; i < count; ++i) {
      Policy policy;
      policy.place = static_cast<unsigned>(i + 1);
      policy.name = "p" + std::to_string(i + 1);
      policy.filter = random_filter();
      shape(policy, tunnels);
      made.policies.push_back(std::move(policy));
    }
    if (one_in(4)) made.bypass.push_back(host(one_in(2) ? Family::ipv4 : Family::ipv6));
    return made;
  }

  // A few changes: policies dropped, added, moved, altered.
  Configuration changed(Configuration from, bool tunnels = true) {
    for (unsigned n = pick(4) + 1; n != 0; --n) change(from, tunnels);
    for (std::size_t i = 0; i < from.policies.size(); ++i) from.policies[i].place = static_cast<unsigned>(i + 1);
    if (one_in(6)) from.default_action = from.default_action == Decision::pass ? Decision::discard : Decision::pass;
    if (one_in(6)) from.bypass = one_in(2) ? std::vector<IpAddress>{} : std::vector{host(Family::ipv4)};
    return from;
  }

  Flow packet() {
    const auto family = one_in(3) ? Family::ipv6 : Family::ipv4;
    Flow made{host(family), host(family), protocol(), port(), port()};
    if (is_icmp(made.protocol)) {
      made.protocol = family == Family::ipv4 ? IpProtocol::icmp : IpProtocol::icmpv6;
      made.source_port = icmp_type();
      made.destination_port = static_cast<std::uint16_t>(pick(2));
    } else if (!has_ports(made.protocol)) {
      made.source_port = made.destination_port = 0;
    }
    return made;
  }

  unsigned pick(unsigned below) { return std::uniform_int_distribution<unsigned>(0, below - 1)(random_); }
  bool one_in(unsigned n) { return pick(n) == 0; }

  IpAddress host(Family family) {
    const auto last = std::to_string(1 + pick(3));
    if (family == Family::ipv4) return address("10." + std::to_string(pick(2)) + ".0." + last);
    return address("fd00:" + std::to_string(pick(2)) + "::" + last);
  }

 private:
  Filter random_filter() {
    const auto family = one_in(3) ? Family::ipv6 : Family::ipv4;
    Filter made{ends(family), ends(family), protocol(), {}, {}};
    if (is_icmp(made.protocol)) {
      const auto actual = made.family().value_or(family);
      made.protocol =
          made.local || made.remote ? (actual == Family::ipv4 ? IpProtocol::icmp : IpProtocol::icmpv6) : made.protocol;
      if (one_in(2)) made.local_port = PortRange::one(icmp_type());
      if (!made.local_port.is_any() && one_in(3))
        made.remote_port = PortRange::one(static_cast<std::uint16_t>(pick(2)));
    } else if (has_ports(made.protocol)) {
      made.local_port = ports();
      made.remote_port = ports();
    }
    return made;
  }

  void shape(Policy& policy, bool tunnels) {
    policy.transforms.clear();
    policy.tunnel.reset();
    policy.exclusive = false;
    policy.action = static_cast<Decision>(pick(3));
    if (policy.action != Decision::secure) return;
    static const std::vector<std::string> names{"ESP-AES128-HMAC-SHA256", "ESP-AES256-GCM16", "AH-SHA256",
                                                "AH-SHA256+ESP-AES128"};
    policy.transforms.push_back(*Transform::parse(names[pick(4)]));
    policy.exclusive = one_in(4);
    if (tunnels && one_in(3))
      policy.tunnel = TunnelEnds{address("192.0.2.1"), address("192.0.2." + std::to_string(2 + pick(2)))};
  }

  void change(Configuration& from, bool tunnels) {
    auto& policies = from.policies;
    const auto at = [&] { return policies.begin() + pick(static_cast<unsigned>(policies.size())); };
    const auto kind = policies.empty() ? 0 : pick(5);
    if (kind == 0) {
      Policy fresh;
      fresh.name = "n" + std::to_string(++fresh_);
      fresh.filter = random_filter();
      shape(fresh, tunnels);
      policies.insert(policies.begin() + pick(static_cast<unsigned>(policies.size() + 1)), fresh);
    } else if (kind == 1) {
      policies.erase(at());
    } else if (kind == 2) {
      std::iter_swap(at(), at());
    } else if (kind == 3) {
      shape(*at(), tunnels);
    } else {
      at()->filter = random_filter();
    }
  }

  std::optional<Prefix> ends(Family family) {
    if (one_in(3)) return std::nullopt;
    const auto one = host(family);
    if (one_in(2)) return Prefix(one);
    static const std::vector<unsigned> ipv4{0, 8, 16, 24, 31};
    static const std::vector<unsigned> ipv6{0, 16, 32, 64, 127};
    return *Prefix::make(one, (family == Family::ipv4 ? ipv4 : ipv6)[pick(5)]);
  }
  IpProtocol protocol() {
    static const std::vector<IpProtocol> all{IpProtocol::any, IpProtocol::tcp,  IpProtocol::tcp,
                                             IpProtocol::udp, IpProtocol::icmp, IpProtocol{47}};
    return all[pick(6)];
  }
  std::uint16_t port() {
    static const std::vector<std::uint16_t> all{0, 22, 23, 80, 1023, 1024, 1999, 2000, 2001, 40000, 65535};
    return all[pick(static_cast<unsigned>(all.size()))];
  }
  PortRange ports() {
    if (one_in(3)) return PortRange::any();
    const auto first = port();
    if (one_in(2)) return PortRange::one(first);
    const auto last = port();
    return {std::min(first, last), std::max(first, last)};
  }
  std::uint16_t icmp_type() {
    static const std::vector<std::uint16_t> all{0, 3, 8, 128, 129, 135};
    return all[pick(6)];
  }

  std::mt19937 random_;
  unsigned fresh_ = 0;
};

}  // namespace ipsec9000::test
