#include "ike/quick_mode.hpp"

#include <algorithm>

#include "ike/quick_mode_parts.hpp"
#include "ike/traffic_identity.hpp"
#include "model/identity.hpp"

namespace ipsec9000::ike::quick_mode {

namespace {

struct DescribeQuickMode {
  std::string operator()(const GeneratingKey&) const { return "before message 1"; }
  std::string operator()(const Offered&) const { return "message 1 was sent, nothing was heard"; }
  std::string operator()(const Deriving&) const { return "message 2 was received"; }
  std::string operator()(const AskingPolicy&) const { return "message 1 was received, waiting for the policy manager"; }
  std::string operator()(const Exchanging&) const { return "message 1 was received"; }
  std::string operator()(const Answered&) const { return "message 2 was sent, message 3 is missing"; }
  std::string operator()(const Done&) const { return "complete"; }
};

// Soft limits come before the hard ones, the initiator's well before the responder's, so that one end renews first and
// the other only if it does not; a little chance keeps many SAs made at once from being renewed at once. Whole seconds
// are coarse: short lives keep a distance of two of them.
std::uint32_t soft_limit(std::uint32_t hard, Role role, RandomSource& random) {
  if (hard == 0) return 0;
  const auto part = [&](std::uint32_t percent) {
    return static_cast<std::uint32_t>(std::uint64_t{hard} * percent / 100);
  };
  const auto before_end = [&](std::uint32_t distance) { return hard > distance ? hard - distance : 1; };
  if (role == Role::initiator) return std::max(1u, std::min(part(80 + random.u32() % 8), before_end(3)));
  return hard <= 20 ? before_end(1) : part(95);
}

struct KeySource {
  const Phase1Keys& keys;
  const Secret* shared;
  ByteView ni;
  ByteView nr;
};

// Encryption key (and salt) first, integrity key behind it (RFC 2409, 5.5; RFC 4106).
void fill_keys(SaInstall& sa, const KeySource& source) {
  const std::size_t encryption = sa.key.protocol == SaProtocol::esp
                                     ? std::size_t{info(sa.encryption).key_bytes} + info(sa.encryption).salt_bytes
                                     : 0;
  const std::size_t integrity = info(sa.integrity).key_bytes;
  const auto protocol = sa.key.protocol == SaProtocol::esp ? wire::protocol::esp : wire::protocol::ah;
  const auto material = keymat(source.keys, source.shared, protocol, static_cast<std::uint32_t>(sa.key.spi), source.ni,
                               source.nr, encryption + integrity);
  sa.encryption_key = Secret(material.view().first(encryption));
  sa.integrity_key = Secret(material.view().subspan(encryption));
}
}  // namespace

std::string describe(const State& state) { return std::visit(DescribeQuickMode{}, state); }

const Channel* channel_of(const State& state) {
  if (const auto* offered = std::get_if<Offered>(&state)) return &offered->channel;
  if (const auto* answered = std::get_if<Answered>(&state)) return &answered->channel;
  return nullptr;
}

Outcome advance(const State& state, const Event& event, const Context& context, const Channel& channel) {
  return std::visit(
      [&](const auto& from, const auto& what) -> Outcome {
        if constexpr (requires { on(from, what, context); })
          return on(from, what, context);
        else if constexpr (requires { on(from, what, context, channel); })
          return on(from, what, context, channel);
        else
          return unexpected("it does not fit: " + describe(state));
      },
      state, event);
}

UdpPorts udp_ports(const UdpPath& path, Direction direction) {
  if (direction == Direction::out) return {path.local, path.remote};
  return {path.remote, path.local};
}

std::vector<SaInstall> make_sas(const Pair& pair, Direction direction, const Phase1Keys& keys, const Secret* shared,
                                ByteView ni, ByteView nr, RandomSource& random) {
  const auto& protection = pair.protection;
  const bool out = direction == Direction::out;
  const auto& spis = out ? pair.peer : pair.ours;
  const auto make = [&](SaProtocol protocol, Spi spi) {
    SaInstall sa;
    sa.direction = direction;
    sa.key = {out ? protection.local : protection.remote, out ? protection.remote : protection.local, protocol, spi};
    // Nested in a tunnel: the inner layer makes the tunnel, the outer one only wraps its packet (secpolicyd compiles
    // the templates alike).
    const bool wraps = protocol == SaProtocol::ah && pair.transform.esp.has_value();
    sa.mode = wraps ? Mode::transport : protection.mode;
    sa.reqid = protection.reqid;
    sa.selector = out ? protection.selector : protection.selector.mirrored();
    sa.encryption = protocol == SaProtocol::esp ? pair.transform.esp->encryption : Encryption::null;
    sa.integrity = protocol == SaProtocol::esp ? pair.transform.esp->integrity : *pair.transform.ah;
    sa.hard = pair.transform.lifetime;
    if (pair.udp && protocol == SaProtocol::esp) sa.udp = udp_ports(*pair.udp, direction);
    sa.extended_sequence = pair.extended_sequence;
    sa.soft = {soft_limit(sa.hard.seconds, pair.role, random), soft_limit(sa.hard.kilobytes, pair.role, random)};
    fill_keys(sa, {keys, shared, ni, nr});
    return sa;
  };
  std::vector<SaInstall> sas;
  if (pair.transform.ah) sas.push_back(make(SaProtocol::ah, *spis.ah));
  if (pair.transform.esp) sas.push_back(make(SaProtocol::esp, *spis.esp));
  return sas;
}

wire::Header header_of(const Context& context) {
  wire::Header header;
  header.cookies = context.cookies;
  header.exchange = wire::ExchangeType::quick_mode;
  header.message_id = context.message_id;
  return header;
}

std::vector<wire::Payload> identities_of(const Selector& selector, Role role) {
  const auto ours = identification_of(source_end(selector));
  const auto theirs = identification_of(destination_end(selector));
  if (role == Role::initiator) return {ours, theirs};
  return {theirs, ours};
}

std::vector<wire::Payload> original_addresses(Mode mode, Role role, const Context& context) {
  if (!context.nat.any() || mode != Mode::transport) return {};
  const auto payload = [](const IpAddress& address) {
    const auto type = address.is_ipv4() ? IdType::ipv4_address : IdType::ipv6_address;
    return wire::NatOriginalAddress{static_cast<std::uint8_t>(type), 0, 0, to_bytes(address.bytes())};
  };
  const auto ours = payload(context.local.address);
  const auto theirs = payload(context.remote.address);
  if (role == Role::initiator) return {ours, theirs};
  return {theirs, ours};
}

Terms terms_for(const Context& context) {
  return {context.nat.any() ? Path::udp : Path::direct, context.extended_sequence};
}

std::optional<UdpPath> udp_path_of(Path path, const Context& context) {
  if (path == Path::direct) return std::nullopt;
  return UdpPath{context.local.port, context.remote.port, context.nat.ours};
}

std::optional<Refusal> unknown_payload(const wire::DecodedChain& chain) {
  for (const auto* unknown : chain.all<wire::Unknown>())
    if (unknown->payload_type < 128) return bad_packet("payload type " + std::to_string(unknown->payload_type));
  return std::nullopt;
}

Refusal bad_hash() {
  Refusal refusal;
  refusal.event = &audit::bad_packet;
  refusal.fields = {{"reason", "the HASH of a Quick Mode message does not verify"}};
  return refusal;
}

Refusal crypto_failed(const Error& error) {
  Refusal refusal;
  refusal.event = &audit::qm_failed;
  refusal.fields = {{"reason", error.text}};
  refusal.reason = "key-exchange-failed";
  refusal.notify = wire::notify::invalid_key_information;
  refusal.fatal = true;
  return refusal;
}

Spis spis_for(const Transform& transform, const Spis& all) {
  return {transform.ah ? all.ah : std::nullopt, transform.esp ? all.esp : std::nullopt};
}

Spis needed_spis(const std::vector<Transform>& transforms, const Spis& fresh) {
  Spis needed;
  for (const auto& transform : transforms) {
    if (transform.ah) needed.ah = fresh.ah;
    if (transform.esp) needed.esp = fresh.esp;
  }
  return needed;
}

}  // namespace ipsec9000::ike::quick_mode
