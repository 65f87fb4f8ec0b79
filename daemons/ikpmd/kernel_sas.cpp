#include "kernel_sas.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <tuple>

#include "base/clock.hpp"
#include "sa_names.hpp"
#include "xfrm/links.hpp"

namespace ipsec9000 {

namespace {
constexpr std::uint32_t replay_window = 256;  // packets: many queues and cores reorder by more than 64

PortMask port_mask(const PortRange& range) { return range.is_one() ? PortMask::one(range.first) : PortMask::any(); }

LifetimeLimits limits(const Lifetime& lifetime) {
  return {lifetime.kilobytes * bytes_per_kilobyte, 0, lifetime.seconds, 0};
}

PortRange port_range(const PortMask& mask) {
  return mask.mask == 0xffff ? PortRange::one(mask.value) : PortRange::any();
}

Selector selector_of(const SaSpec& sa) {
  if (!sa.selector) return {Prefix(sa.source), Prefix(sa.destination), IpProtocol::any, {}, {}};
  const auto& kernel = *sa.selector;
  return {kernel.source, kernel.destination, kernel.protocol, port_range(kernel.source_port),
          port_range(kernel.destination_port)};
}

Lifetime lifetime_of(const SaSpec& sa) {
  const auto cut = [](std::uint64_t value) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, lifetime_maximum));
  };
  return {cut(sa.hard.seconds), cut(sa.hard.bytes / bytes_per_kilobyte)};
}

// The transform of an SA found in the kernel; absent when its algorithms are not in our tables.
std::optional<EspSuite> suite_of(const SaSpec& sa) {
  const auto named = encryption_name(sa);
  for (const auto& known : all_encryptions()) {
    if (known.shown != named) continue;
    for (const auto& integrity : all_integrities())
      if (integrity.shown == authentication_name(sa)) return EspSuite{known.id, integrity.id};
  }
  return std::nullopt;
}

// What two SAs must share to be the two directions of one thing; seen from our outbound side.
using CounterpartKey = std::tuple<IpAddress, IpAddress, std::uint32_t, Mode, Selector>;

struct Counterparts {
  std::vector<const SaState*> in[2], out[2];  // [0] AH, [1] ESP, oldest first
};

std::optional<ike::AdoptedPair> pair_at(const CounterpartKey& key, const Counterparts& found, std::size_t index,
                                        std::uint64_t now) {
  ike::AdoptedPair pair;
  auto& [local, remote, reqid, mode, selector] = key;
  pair.protection.reqid = reqid;
  pair.protection.mode = mode;
  pair.protection.local = local;
  pair.protection.remote = remote;
  pair.protection.selector = selector;
  Transform transform;
  for (const std::size_t protocol : {0u, 1u}) {
    if (index >= found.in[protocol].size() || index >= found.out[protocol].size()) continue;
    const auto& in = *found.in[protocol][index];
    const auto& out = *found.out[protocol][index];
    (protocol == 0 ? pair.in_ah : pair.in_esp) = in.spec.spi;
    (protocol == 0 ? pair.out_ah : pair.out_esp) = out.spec.spi;
    const auto suite = suite_of(in.spec);
    if (protocol == 1) transform.esp = suite.value_or(EspSuite{});
    if (protocol == 0)
      for (const auto& known : all_integrities())
        if (known.shown == authentication_name(in.spec)) transform.ah = known.id;
    transform.lifetime = lifetime_of(in.spec);
    if (const auto& udp = in.spec.encapsulation) pair.udp = ike::UdpPorts{udp->source_port, udp->destination_port};
    pair.age_seconds = in.current.add_time != 0 && now > in.current.add_time ? now - in.current.add_time : 0;
  }
  if (!pair.in_ah && !pair.in_esp) return std::nullopt;
  pair.protection.transforms = {transform};
  return pair;
}
}  // namespace

SaSpec sa_spec(const ike::SaInstall& sa) {
  SaSpec spec;
  spec.source = sa.key.source;
  spec.destination = sa.key.destination;
  spec.spi = sa.key.spi;
  spec.protocol = sa.key.protocol;
  spec.mode = sa.mode;
  spec.reqid = sa.reqid;
  spec.selector = KernelSelector{sa.selector.source, sa.selector.destination, sa.selector.protocol,
                                 port_mask(sa.selector.source_port), port_mask(sa.selector.destination_port)};
  const auto& cipher = info(sa.encryption);
  const auto& integrity = info(sa.integrity);
  if (sa.key.protocol == SaProtocol::esp)
    spec.encryption = SaEncryption{std::string(cipher.kernel), sa.encryption_key.clone(), cipher.icv_bits};
  if (sa.integrity != Integrity::none)
    spec.authentication =
        SaAuthentication{std::string(integrity.kernel), sa.integrity_key.clone(), integrity.truncation_bits};
  spec.soft = limits(sa.soft);
  spec.hard = limits(sa.hard);
  spec.replay_window = replay_window;
  spec.esn = sa.extended_sequence;
  if (sa.udp) spec.encapsulation = Encapsulation{sa.udp->source, sa.udp->destination};
  return spec;
}

Result<void> KernelSas::install(const std::vector<ike::SaInstall>& sas) {
  std::vector<ike::SaKey> done;
  for (const auto& sa : sas) {
    if (auto added = kernel_.add_sa(sa_spec(sa)); !added) {
      remove(done).has_value();  // what cannot be removed either expires
      return added;
    }
    done.push_back(sa.key);
  }
  return {};
}

Result<void> KernelSas::remove(const std::vector<ike::SaKey>& keys) {
  Result<void> outcome;
  for (const auto& key : keys) {
    auto removed = kernel_.delete_sa(SaId{key.destination, key.spi, key.protocol, std::nullopt});
    if (!removed && removed.error().code != ErrorCode::not_found) outcome = removed;
  }
  return outcome;
}

Result<void> KernelSas::move(const ike::SaKey& key, const ike::UdpPorts& ports) {
  // The kernel's request for a change is a whole SA, so it is read first.
  auto state = kernel_.get_sa(SaId{key.destination, key.spi, key.protocol, std::nullopt}, Keys::include);
  if (!state && state.error().code == ErrorCode::not_found) return {};
  if (!state) return state.error();
  state->spec.encapsulation = Encapsulation{ports.source, ports.destination};
  return kernel_.update_sa(state->spec);
}

Result<void> KernelSas::release(const UnansweredAcquire& unanswered) {
  Acquire acquire;
  acquire.sequence = unanswered.sequence;
  acquire.source = unanswered.source;
  acquire.destination = unanswered.destination;
  acquire.protocol = unanswered.protocol;
  acquire.policy.spec.templates = {{unanswered.protocol, unanswered.mode, unanswered.reqid}};
  return drop_larval(kernel_, acquire);
}

Result<std::size_t> KernelSas::remove_all_ours() {
  auto states = kernel_.dump_sas(Keys::leave_out);
  if (!states) return states.error();
  std::vector<SaId> ours;
  for (const auto& state : *states)
    if (is_our_reqid(state.spec.reqid) && state.spec.spi != Spi{0}) ours.push_back(state.spec.id());
  for (const auto& failure : kernel_.delete_sas(ours))
    if (failure.error.code != ErrorCode::not_found) return failure.error;
  return ours.size();
}

Result<std::vector<ike::TrafficSample>> KernelSas::traffic() {
  auto states = kernel_.dump_sas(Keys::leave_out);
  if (!states) return states.error();
  std::vector<ike::TrafficSample> samples;
  for (const auto& state : *states) {
    const auto& spec = state.spec;
    if (is_our_reqid(spec.reqid) && spec.spi != Spi{0})
      samples.push_back({{spec.source, spec.destination, spec.protocol, spec.spi}, state.current.packets});
  }
  return samples;
}

Result<std::vector<ike::AdoptedPair>> KernelSas::adoptable() {
  auto states = kernel_.dump_sas(Keys::include);  // a key's length tells AES-128 from AES-256; wiped with `states`
  if (!states) return states.error();
  const auto addresses = local_addresses();
  if (!addresses) return addresses.error();
  std::set<IpAddress> local;
  for (const auto& address : *addresses) local.insert(address.address);
  std::map<CounterpartKey, Counterparts> found;
  std::sort(states->begin(), states->end(),
            [](const auto& a, const auto& b) { return a.current.add_time < b.current.add_time; });
  for (const auto& state : *states) {
    const auto& sa = state.spec;
    if (!is_our_reqid(sa.reqid) || sa.spi == Spi{0}) continue;
    const bool in = local.contains(sa.destination);
    const auto seen = in ? selector_of(sa).mirrored() : selector_of(sa);
    auto& counterparts =
        found[{in ? sa.destination : sa.source, in ? sa.source : sa.destination, sa.reqid, sa.mode, seen}];
    (in ? counterparts.in : counterparts.out)[sa.protocol == SaProtocol::esp ? 1 : 0].push_back(&state);
  }
  std::vector<ike::AdoptedPair> pairs;
  std::set<SaId> kept;
  const auto now = wall_seconds();
  for (const auto& [key, counterparts] : found) {
    for (std::size_t index = 0;; ++index) {
      auto pair = pair_at(key, counterparts, index, now);
      if (!pair) break;
      for (const std::size_t protocol : {0u, 1u}) {
        if (index >= counterparts.in[protocol].size() || index >= counterparts.out[protocol].size()) continue;
        kept.insert(counterparts.in[protocol][index]->spec.id());
        kept.insert(counterparts.out[protocol][index]->spec.id());
      }
      pairs.push_back(std::move(*pair));
    }
  }
  for (const auto& state : *states)
    if (is_our_reqid(state.spec.reqid) && state.spec.spi != Spi{0} && !kept.contains(state.spec.id()))
      kernel_.delete_sa(state.spec.id()).has_value();
  return pairs;
}

}  // namespace ipsec9000
