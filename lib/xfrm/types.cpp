#include "xfrm/types.hpp"

#include <array>

#include "base/text.hpp"

namespace ipsec9000 {

namespace {

template <std::size_t size>
std::string name_of(unsigned value, const std::array<std::string_view, size>& names) {
  return value < size ? std::string(names[value]) : std::to_string(value);
}

std::string port_text(const PortMask& port) {
  if (port.mask == 0xffff) return std::to_string(port.value);
  return std::to_string(port.value) + "/" + hex8(port.mask).substr(4);
}

Error invalid(const std::string& text) { return Error{ErrorCode::invalid_input, text}; }

Result<void> check_family(const IpAddress& one, const IpAddress& other, std::string_view what) {
  if (one.family() == other.family()) return {};
  return invalid(std::string(what) + " mix IPv4 and IPv6: " + one.to_string() + " and " + other.to_string());
}

Result<void> check_selector(const KernelSelector& selector) {
  return check_family(selector.source.address(), selector.destination.address(), "the selector's addresses");
}

Result<void> check_protocol_and_mode(SaProtocol protocol, Mode mode) {
  if (protocol != SaProtocol::esp && protocol != SaProtocol::ah)
    return invalid("protocol " + to_string(protocol) + " is neither ESP nor AH");
  if (mode != Mode::transport && mode != Mode::tunnel)
    return invalid("mode " + to_string(mode) + " is neither transport nor tunnel");
  return {};
}

Result<void> check_template(const Template& layer) {
  if (auto done = check_protocol_and_mode(layer.protocol, layer.mode); !done) return done;
  if (layer.endpoints) return check_family(layer.endpoints->source, layer.endpoints->destination, "the tunnel's ends");
  if (layer.mode == Mode::tunnel) return invalid("a tunnel mode template needs the tunnel's ends");
  return {};
}

// XFRM's structures give a name 64 bytes with its terminating zero; no key in use is longer than 128 bytes.
Result<void> check_algorithm(const std::string& name, const Secret& key) {
  if (name.empty() || name.size() > 63 || name.find('\0') != std::string::npos)
    return invalid("\"" + escape_control(name) + "\" cannot be the name of a kernel algorithm");
  if (key.size() > 512) return invalid("a key of " + std::to_string(key.size()) + " bytes for " + name);
  return {};
}

Result<void> check_algorithms(const SaSpec& sa) {
  if (sa.encryption)
    if (auto done = check_algorithm(sa.encryption->algorithm, sa.encryption->key); !done) return done;
  if (sa.authentication)
    if (auto done = check_algorithm(sa.authentication->algorithm, sa.authentication->key); !done) return done;
  if (sa.protocol == SaProtocol::ah && (sa.encryption || !sa.authentication))
    return invalid("an AH SA has an authentication algorithm and nothing else");
  if (sa.protocol == SaProtocol::esp && !sa.encryption)
    return invalid("an ESP SA names its encryption, \"ecb(cipher_null)\" for none");
  if (sa.encryption && sa.encryption->icv_bits != 0 && sa.authentication)
    return invalid("an AEAD algorithm has its authentication in itself");
  return {};
}

}  // namespace

std::string to_string(PolicyDirection direction) {
  constexpr std::array<std::string_view, 5> names{"in", "out", "forward", "socket in", "socket out"};
  return name_of(static_cast<unsigned>(direction), names);
}

std::string to_string(PolicyAction action) {
  return name_of(static_cast<unsigned>(action), std::array<std::string_view, 2>{"allow", "block"});
}

KernelSelector KernelSelector::of(const Flow& flow) {
  const bool ported = has_ports(flow.protocol) || is_icmp(flow.protocol);
  return {Prefix(flow.source), Prefix(flow.destination), flow.protocol,
          ported ? PortMask::one(flow.source_port) : PortMask::any(),
          ported ? PortMask::one(flow.destination_port) : PortMask::any()};
}

bool KernelSelector::matches(const Flow& flow) const {
  return (protocol == IpProtocol::any || protocol == flow.protocol) && source_port.matches(flow.source_port) &&
         destination_port.matches(flow.destination_port) && source.contains(flow.source) &&
         destination.contains(flow.destination);
}

std::string KernelSelector::to_string() const {
  std::string text = source.to_string();
  if (source_port.mask != 0 && !is_icmp(protocol)) text += " port " + port_text(source_port);
  text += " -> " + destination.to_string() + " " + ipsec9000::to_string(protocol);
  if (is_icmp(protocol)) {
    if (source_port.mask != 0) text += " type " + port_text(source_port);
    if (destination_port.mask != 0) text += " code " + port_text(destination_port);
  } else if (destination_port.mask != 0) {
    text += " " + port_text(destination_port);
  }
  return text;
}

std::string PolicyKey::to_string() const { return ipsec9000::to_string(direction) + " " + selector.to_string(); }

std::string PolicySpec::to_string() const { return key().to_string() + ", priority " + std::to_string(priority); }

std::string PolicyHandle::to_string() const {
  return ipsec9000::to_string(direction) + " index " + std::to_string(index);
}

std::string SaId::to_string() const {
  return ipsec9000::to_string(protocol) + " " + hex8(static_cast<std::uint32_t>(spi)) + " to " +
         destination.to_string();
}

std::string SaSpec::to_string() const {
  return ipsec9000::to_string(protocol) + " " + hex8(static_cast<std::uint32_t>(spi)) + " " + source.to_string() +
         " -> " + destination.to_string() + " " + ipsec9000::to_string(mode) + " reqid " + std::to_string(reqid);
}

SaSpec SaSpec::clone() const {
  SaSpec copy{source, destination,   spi, protocol,      mode, reqid,        selector,        {}, {}, soft,
              hard,   replay_window, esn, encapsulation, mark, interface_id, acquire_sequence};
  if (encryption) copy.encryption = SaEncryption{encryption->algorithm, encryption->key.clone(), encryption->icv_bits};
  if (authentication)
    copy.authentication =
        SaAuthentication{authentication->algorithm, authentication->key.clone(), authentication->truncation_bits};
  return copy;
}

Result<void> check(const PolicySpec& policy) {
  if (auto done = check_selector(policy.selector); !done) return done;
  if (policy.direction > PolicyDirection::forward)
    return invalid("the direction of a policy is in, out or forward, not " + to_string(policy.direction));
  if (policy.action > PolicyAction::block) return invalid("a policy allows or blocks");
  if (policy.templates.size() > maximum_templates)
    return invalid(std::to_string(policy.templates.size()) + " templates in a policy; the kernel takes " +
                   std::to_string(maximum_templates));
  for (const auto& layer : policy.templates)
    if (auto done = check_template(layer); !done) return done;
  return {};
}

Result<void> check(const SaSpec& sa) {
  if (auto done = check_family(sa.source, sa.destination, "the SA's ends"); !done) return done;
  if (sa.selector)
    if (auto done = check_selector(*sa.selector); !done) return done;
  if (auto done = check_protocol_and_mode(sa.protocol, sa.mode); !done) return done;
  if (auto done = check_algorithms(sa); !done) return done;
  if (sa.spi == Spi{0}) return invalid("an SA needs an SPI other than 0");
  if (sa.replay_window > maximum_replay_window)
    return invalid("a replay window of " + std::to_string(sa.replay_window) + " packets; the kernel takes " +
                   std::to_string(maximum_replay_window));
  if (sa.esn && sa.replay_window == 0) return invalid("an SA with extended sequence numbers needs a replay window");
  if (sa.encapsulation && sa.protocol == SaProtocol::ah) return invalid("AH cannot go through UDP encapsulation");
  return {};
}

Result<void> check(const SpiRequest& request) {
  if (auto done = check_family(request.source, request.destination, "the SA's ends"); !done) return done;
  if (auto done = check_protocol_and_mode(request.protocol, request.mode); !done) return done;
  if (request.first == Spi{0} || request.first > request.last) return invalid("the range of SPIs is empty or holds 0");
  return {};
}

}  // namespace ipsec9000
