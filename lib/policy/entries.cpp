#include "policy/entries.hpp"

#include <utility>

namespace ipsec9000 {

namespace {
PortMask port_mask(PortBlock ports) { return {ports.value, ports.mask}; }

}  // namespace

KernelSelector outward_selector(const Filter& filter, Family family, PortBlock local_port, PortBlock remote_port) {
  return {filter.local_prefix(family), filter.remote_prefix(family), filter.protocol, port_mask(local_port),
          port_mask(remote_port)};
}

KernelSelector mirrored(const KernelSelector& selector) {
  KernelSelector other{selector.destination, selector.source, selector.protocol, selector.destination_port,
                       selector.source_port};
  if (is_icmp(selector.protocol)) std::swap(other.source_port, other.destination_port);  // type and code have no sides
  return other;
}

std::vector<Template> templates_of(const Policy& policy, std::uint32_t reqid, PolicyDirection direction) {
  std::vector<Template> layers;
  if (policy.action != Decision::secure) return layers;
  std::optional<TunnelEndpoints> ends;
  if (policy.tunnel) {
    ends = {policy.tunnel->local, policy.tunnel->remote};
    if (direction != PolicyDirection::out) std::swap(ends->source, ends->destination);
  }
  const auto mode = policy.tunnel ? Mode::tunnel : Mode::transport;
  const auto& transform = policy.transforms.front();
  if (transform.esp) layers.push_back({SaProtocol::esp, mode, reqid, ends, false});
  // Around an ESP tunnel AH protects the outer packet as it is.
  if (transform.ah && transform.esp)
    layers.push_back({SaProtocol::ah, Mode::transport, reqid, std::nullopt, false});
  else if (transform.ah)
    layers.push_back({SaProtocol::ah, mode, reqid, ends, false});
  return layers;
}

}  // namespace ipsec9000
