// Policies, SAs and events of the kernel's XFRM as values. Nothing here knows netlink; numbers are in host order.
//
// What the kernel reports but these enumerations do not name (a policy of another program with IPComp, say) stays the
// number it is: such a value can be read, compared and printed, but check() refuses to write it.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/address.hpp"
#include "base/sa.hpp"
#include "base/secret.hpp"
#include "base/selector.hpp"

namespace ipsec9000 {

// The last two are the bypasses of single sockets; they turn up in dumps, and go with their socket.
enum class PolicyDirection : std::uint8_t { in = 0, out = 1, forward = 2, socket_in = 3, socket_out = 4 };
enum class PolicyAction : std::uint8_t { allow = 0, block = 1 };

// Matches the ports whose bits under `mask` are those of `value`; mask 0 matches all. ICMP has its type in the source
// port and its code in the destination port.
struct PortMask {
  std::uint16_t value = 0;
  std::uint16_t mask = 0;

  static PortMask any() { return {}; }
  static PortMask one(std::uint16_t port) { return {port, 0xffff}; }
  bool matches(std::uint16_t port) const { return ((port ^ value) & mask) == 0; }
  auto operator<=>(const PortMask&) const = default;
};

// Which packets a policy or an SA is for, as the kernel compares them. Both prefixes are of one family, which an
// any-any selector needs as well: Prefix::any(Family::ipv6).
struct KernelSelector {
  Prefix source;
  Prefix destination;
  IpProtocol protocol = IpProtocol::any;
  PortMask source_port;
  PortMask destination_port;

  static KernelSelector any(Family family) { return {Prefix::any(family), Prefix::any(family), {}, {}, {}}; }
  static KernelSelector of(const Flow& flow);  // this one flow; ports count where the protocol has them
  Family family() const { return source.family(); }
  bool matches(const Flow& flow) const;
  std::string to_string() const;  // "10.1.0.1 -> 10.1.0.0/24 tcp 23", "... port 1024/fc00 -> ..."
  auto operator<=>(const KernelSelector&) const = default;
};

struct Mark {
  std::uint32_t value = 0;
  std::uint32_t mask = 0;
  auto operator<=>(const Mark&) const = default;
};

struct TunnelEndpoints {
  IpAddress source;
  IpAddress destination;
  auto operator<=>(const TunnelEndpoints&) const = default;
};

// One layer of protection that a policy asks for.
struct Template {
  SaProtocol protocol = SaProtocol::esp;
  Mode mode = Mode::transport;
  std::uint32_t reqid = 0;                        // ties the policy to its SAs; inbound, 0 takes any SA
  std::optional<TunnelEndpoints> endpoints = {};  // a must in tunnel mode
  bool optional = false;                          // inbound: packets without this layer are accepted as well
  auto operator<=>(const Template&) const = default;
};

// What makes two policies one to the kernel: adding a second of the same key is refused, updating replaces.
struct PolicyKey {
  KernelSelector selector;
  PolicyDirection direction = PolicyDirection::out;
  std::uint32_t owner = 0;  // see PolicySpec
  std::optional<Mark> mark = {};
  std::uint32_t interface_id = 0;

  std::string to_string() const;  // "out 10.1.0.1 -> 10.1.0.2 tcp 23"
  auto operator<=>(const PolicyKey&) const = default;
};

struct PolicySpec {
  KernelSelector selector;
  PolicyDirection direction = PolicyDirection::out;
  PolicyAction action = PolicyAction::allow;
  std::uint32_t priority = 0;  // the lowest one wins; what a tie does depends on the kernel's version
  // The innermost layer first: ESP nested in AH is {ESP, AH}. At most maximum_templates.
  std::vector<Template> templates = {};
  // The selector's user field: stored, dumped and part of the identity, but not compared with packets. It says which
  // program a policy belongs to.
  std::uint32_t owner = 0;
  std::optional<Mark> mark = {};  // these two do change what the policy matches
  std::uint32_t interface_id = 0;
  bool match_icmp_errors = false;  // XFRM_POLICY_ICMP: judge an ICMP error by the packet it quotes

  PolicyKey key() const { return {selector, direction, owner, mark, interface_id}; }
  std::string to_string() const;  // "out 10.1.0.1 -> 10.1.0.2 tcp 23, priority 4096"
  auto operator<=>(const PolicySpec&) const = default;
};
inline constexpr std::size_t maximum_templates = 6;  // XFRM_MAX_DEPTH

// What has gone through a policy or an SA. Times are wall-clock seconds since 1970; use_time 0: never used.
struct LifetimeCurrent {
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  std::uint64_t add_time = 0;
  std::uint64_t use_time = 0;
  auto operator<=>(const LifetimeCurrent&) const = default;
};

// Names one policy in the kernel. The index stays when the policy is updated; deleting by it costs the least.
struct PolicyHandle {
  PolicyDirection direction = PolicyDirection::out;
  std::uint32_t index = 0;
  std::optional<Mark> mark = {};
  std::uint32_t interface_id = 0;

  std::string to_string() const;  // "out index 4105"
  auto operator<=>(const PolicyHandle&) const = default;
};

struct PolicyState {
  PolicySpec spec;
  std::uint32_t index = 0;
  LifetimeCurrent current = {};  // a policy's bytes and packets stay 0 in today's kernels

  PolicyHandle handle() const { return {spec.direction, index, spec.mark, spec.interface_id}; }
  auto operator<=>(const PolicyState&) const = default;
};

// 0: no limit. Seconds count from the time the SA was added, use_seconds from its first packet.
struct LifetimeLimits {
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  std::uint64_t seconds = 0;
  std::uint64_t use_seconds = 0;
  auto operator<=>(const LifetimeLimits&) const = default;
};

// ESP in UDP (RFC 3948).
struct Encapsulation {
  std::uint16_t source_port = 4500;
  std::uint16_t destination_port = 4500;
  auto operator<=>(const Encapsulation&) const = default;
};

// The algorithm names are the kernel's, "cbc(aes)" or "rfc4106(gcm(aes))", at most 63 characters.
struct SaEncryption {
  std::string algorithm;
  Secret key;                  // with the salt at its end, where the mode has one
  std::uint32_t icv_bits = 0;  // not 0: an AEAD, and the SA has no separate authentication
};
struct SaAuthentication {
  std::string algorithm;
  Secret key;
  std::uint32_t truncation_bits = 0;  // length of the ICV in the packet
};

// What makes two SAs one to the kernel.
struct SaId {
  IpAddress destination;
  Spi spi{};
  SaProtocol protocol = SaProtocol::esp;
  std::optional<Mark> mark = {};

  std::string to_string() const;  // "esp c0de0000 to 10.1.0.2"
  auto operator<=>(const SaId&) const = default;
};

struct SaSpec {
  IpAddress source;  // of the packet that carries the AH or ESP header
  IpAddress destination;
  Spi spi{};
  SaProtocol protocol = SaProtocol::esp;
  Mode mode = Mode::transport;
  std::uint32_t reqid = 0;
  std::optional<KernelSelector> selector = {};  // absent: whatever the policy sends here
  std::optional<SaEncryption> encryption = {};
  std::optional<SaAuthentication> authentication = {};
  LifetimeLimits soft = {};
  LifetimeLimits hard = {};
  std::uint32_t replay_window = 32;  // packets, 0 to maximum_replay_window; 0: no replay check
  bool esn = false;                  // 64-bit sequence numbers; needs a replay window
  std::optional<Encapsulation> encapsulation = {};
  std::optional<Mark> mark = {};
  std::uint32_t interface_id = 0;
  std::uint32_t acquire_sequence = 0;  // of the ACQUIRE that this SA answers; 0: none

  SaId id() const { return {destination, spi, protocol, mark}; }
  SaSpec clone() const;           // with the keys, asked for in so many words
  std::string to_string() const;  // "esp c0de0000 10.1.0.1 -> 10.1.0.2 transport reqid 7"
};
inline constexpr std::uint32_t maximum_replay_window = 4096;

struct ReplayState {
  std::uint64_t sent = 0;      // the last sequence number we gave out
  std::uint64_t received = 0;  // the highest one that came in
  auto operator<=>(const ReplayState&) const = default;
};

// A state that an ACQUIRE or an SPI request left behind is larval: it has no algorithms yet. The kernel does not tell
// soft-expired SAs from others, and does not list dead ones.
enum class SaCondition : std::uint8_t { larval, mature };

struct SaState {
  SaSpec spec;  // keys are empty unless they were asked for
  SaCondition condition = SaCondition::mature;
  LifetimeCurrent current;
  std::uint32_t sequence = 0;  // of the ACQUIRE it came from; 0: none
  ReplayState replay;
  std::uint32_t replayed_packets = 0;
  std::uint32_t integrity_failures = 0;
  std::uint64_t last_used = 0;  // wall-clock seconds; 0: never, or not known to this kernel
};

// Whether to read keys out of the kernel's answer. Leaving them there is the rule.
enum class Keys : std::uint8_t { leave_out, include };

// A packet needs an SA. The kernel asks again only after net.core.xfrm_acq_expires seconds, and meanwhile does not ask
// for other flows of the same addresses, reqid, mode and protocol either: see drop_larval().
struct Acquire {
  std::uint32_t sequence = 0;
  IpAddress source;  // ends of the SA that is missing: of the tunnel in tunnel mode, else of the flow
  IpAddress destination;
  SaProtocol protocol = SaProtocol::esp;
  Flow flow;               // the packet itself
  PolicyState policy;      // its templates are all layers that the packet needs, of which only one is asked for:
  std::size_t wanted = 0;  // position of that one in policy.spec.templates; equal to their number if it is none of them
};

struct Expire {
  SaId sa;  // SPI 0: nobody answered the ACQUIRE of that sequence
  IpAddress source;
  std::uint32_t reqid = 0;
  std::uint32_t sequence = 0;
  bool hard = false;  // false: time to negotiate anew; true: the SA is gone
  LifetimeCurrent current;
};

enum class Change : std::uint8_t { added, updated, deleted };

// `sender` is what the program that asked for the change gave as its netlink port. We give ours, Kernel::port(); many
// others give 0, as does the kernel for what it does of itself. It tells our changes from those of others, as far as
// those do not lie.
struct PolicyChanged {
  Change change = Change::added;
  std::uint32_t sender = 0;
  PolicyState policy;
};
struct SaChanged {
  Change change = Change::added;
  std::uint32_t sender = 0;
  SaState sa;  // never with keys
};
struct Flushed {
  bool policies = false;  // else SAs
  std::uint32_t sender = 0;
};
// An authenticated packet in UDP came from elsewhere: the NAT in between has moved the peer.
struct Mapping {
  SaId sa;
  std::uint32_t reqid = 0;
  Endpoint old_source;
  Endpoint new_source;
};
// Events were lost (ENOBUFS): what was believed of the kernel may be wrong, so dump and compare.
struct MonitorOverrun {};
// A message of a known type with a shape of its own. Shows a mistake of ours or a kernel to come; nothing was done.
struct Undecodable {
  std::string why;
};

using Event = std::variant<Acquire, Expire, PolicyChanged, SaChanged, Flushed, Mapping, MonitorOverrun, Undecodable>;

// What happens to packets that no policy matches. Absent when setting: leave it as it is.
struct DefaultActions {
  std::optional<PolicyAction> in;
  std::optional<PolicyAction> forward;
  std::optional<PolicyAction> out;
  auto operator<=>(const DefaultActions&) const = default;
};

// Policies whose prefixes are at least this long are found by hash, others by a tree or a list. "local" is the source
// of an outbound policy.
struct HashThreshold {
  std::uint8_t local_bits = 0;
  std::uint8_t remote_bits = 0;
  auto operator<=>(const HashThreshold&) const = default;
};
struct HashThresholds {
  std::optional<HashThreshold> ipv4;  // absent when setting: leave it as it is
  std::optional<HashThreshold> ipv6;
  auto operator<=>(const HashThresholds&) const = default;
};

struct SpdInfo {
  std::uint32_t in = 0;
  std::uint32_t out = 0;
  std::uint32_t forward = 0;
  std::uint32_t socket_in = 0;
  std::uint32_t socket_out = 0;
  std::uint32_t hash_buckets = 0;
  HashThresholds thresholds;
};
struct SadInfo {
  std::uint32_t states = 0;  // larval ones too
  std::uint32_t hash_buckets = 0;
};

struct SpiRequest {
  IpAddress source;
  IpAddress destination;
  SaProtocol protocol = SaProtocol::esp;
  Mode mode = Mode::transport;
  std::uint32_t reqid = 0;
  std::uint32_t acquire_sequence = 0;  // takes over the state that waits for this ACQUIRE; 0: makes one
  Spi first = Spi{0x100};              // the range to choose from; 1 to 255 are reserved (RFC 4303, 2.1)
  Spi last = Spi{0xffffffff};
};

std::string to_string(PolicyDirection direction);  // "in", "out", "forward", "socket in", "socket out", or the number
std::string to_string(PolicyAction action);        // "allow", "block", or the number

// Whether the kernel's structures can hold it: families agree, tunnel templates have endpoints, lengths fit. What only
// the kernel can know (is there such an algorithm?) it says itself. The builders of request.hpp expect a checked value.
Result<void> check(const PolicySpec& policy);
Result<void> check(const SaSpec& sa);
Result<void> check(const SpiRequest& request);

}  // namespace ipsec9000
