#include "ike/phase1_parts.hpp"

#include "ike/authentication.hpp"
#include "wire/vendor_ids.hpp"

namespace ipsec9000::ike::phase1 {

namespace {
constexpr std::size_t payload_header_size = 4;

}  // namespace

Identity identity_from(const wire::Identification& id) { return {static_cast<IdType>(id.id_type), id.value}; }

Refusal authentication_refused(std::string reason, Difference difference) {
  Refusal refusal;
  refusal.event = &audit::auth_failed;
  refusal.fields = {{"reason", reason}};
  refusal.reason = "authentication-failed";
  refusal.difference = std::move(difference);
  refusal.notify = wire::notify::authentication_failed;
  return refusal;  // not fatal: anybody can send garbage with our cookies in it
}

wire::Cookie fresh_cookie(RandomSource& random) {
  std::uint64_t value = 0;
  while (value == 0) value = random.u64();
  return static_cast<wire::Cookie>(value);
}

wire::Header header_of(const wire::Cookies& cookies, wire::ExchangeType exchange) {
  wire::Header header;
  header.cookies = cookies;
  header.exchange = exchange;
  return header;
}

wire::Identification our_identification(const Context& context) {
  const Identity identity = authentication_of(context.policy.authentication).our_identity(context);
  return {static_cast<std::uint8_t>(identity.type), 0, 0, identity.value};
}

Channel open_channel(const Agreed& agreed, const Context& context, ByteView ni, ByteView nr, const Secret& shared,
                     PublicValues values) {
  const auto& proposal = agreed.choice.proposal;
  auto keys =
      derive_phase1(proposal.hash, proposal.encryption,
                    authentication_of(agreed.choice.authentication).skeyid(context, proposal.hash, ni, nr, shared),
                    shared, agreed.cookies, context.transcript);
  return {keys, phase1_iv(*keys, values.initiator, values.responder)};
}

Identity expected_identity(const Context& context) {
  return context.policy.remote_id.value_or(Identity::of(context.remote.address));
}

std::optional<Refusal> check_identity(const wire::Identification& id, const Context& context) {
  const Identity peer = identity_from(id);
  const Identity expected = expected_identity(context);
  if (peer == expected) return std::nullopt;
  return authentication_refused("it says it is " + peer.to_string() + ", ISAKMP policy \"" + context.policy.name +
                                    "\" expects " + expected.to_string(),
                                {"identity", peer.to_string(), expected.to_string()});
}

std::variant<Identity, VerifyJob, Refusal> check_authentication(const Agreed& agreed, const Channel& channel,
                                                                const AuthMessage& message, const Proof& proof,
                                                                const Context& context) {
  const auto wanted = phase1_hash(*channel.keys, {proof.prover_public, proof.other_public, proof.prover, proof.other,
                                                  agreed.sa_body, message.id_body});
  return authentication_of(agreed.choice.authentication).check(context, message, wanted);
}

Bytes our_hash(const Agreed& agreed, const Channel& channel, const Proof& proof, const Context& context) {
  return phase1_hash(*channel.keys, {proof.prover_public, proof.other_public, proof.prover, proof.other, agreed.sa_body,
                                     wire::encode_body(our_identification(context))});
}

wire::Payload initial_contact_payload(const wire::Cookies& cookies) {
  const auto spi = Writer()
                       .u64(static_cast<std::uint64_t>(cookies.initiator))
                       .u64(static_cast<std::uint64_t>(cookies.responder))
                       .take();
  return wire::Notification{1, wire::protocol::isakmp, wire::notify::initial_contact, spi, {}};
}

std::optional<Refusal> check_public(ByteView public_value, Group group) {
  if (auto checked = check_public_value(group, public_value); !checked) return bad_packet(checked.error().text);
  return std::nullopt;
}

std::vector<wire::Payload> our_vendor_ids() {
  std::vector<wire::Payload> ids;
  for (const auto feature : {wire::Feature::dead_peer_detection, wire::Feature::nat_traversal,
                             wire::Feature::fragmentation, wire::Feature::extended_sequence})
    ids.emplace_back(wire::VendorId{wire::vendor_id_of(feature)});
  return ids;
}

std::vector<wire::Payload> our_vendor_ids(const PeerFeatures& peer, std::size_t room) {
  std::vector<wire::Payload> ids;
  const auto add = [&](bool wanted, wire::Feature feature) {
    auto id = wire::vendor_id_of(feature);
    const auto size = id.size() + payload_header_size;
    if (!wanted || size > room) return;
    room -= size;
    ids.emplace_back(wire::VendorId{std::move(id)});
  };
  add(peer.nat_traversal, wire::Feature::nat_traversal);
  add(true, wire::Feature::dead_peer_detection);
  add(peer.fragmentation, wire::Feature::fragmentation);
  add(peer.extended_sequence, wire::Feature::extended_sequence);
  return ids;
}

Bytes key_message(const Agreed& agreed, ByteView public_value, const Bytes& nonce, const Context& context,
                  std::vector<wire::Payload> more) {
  std::vector<wire::Payload> payloads{wire::KeyExchange{to_bytes(public_value)}, wire::Nonce{nonce}};
  for (auto& payload : more) payloads.push_back(std::move(payload));
  if (agreed.features.nat_traversal)
    for (auto& payload :
         nat_discovery_payloads(agreed.choice.proposal.hash, agreed.cookies, context.local, context.remote))
      payloads.push_back(std::move(payload));
  return wire::encode_message(header_of(agreed.cookies), payloads);
}

std::shared_ptr<const Agreed> with_nat(const std::shared_ptr<const Agreed>& agreed,
                                       const std::vector<Bytes>& nat_discovery, const Context& context) {
  if (!agreed->features.nat_traversal) return agreed;
  const auto hash = agreed->choice.proposal.hash;
  auto found = std::make_shared<Agreed>(*agreed);
  found->nat = find_nat(hash, agreed->cookies, nat_discovery, context.local, context.remote);
  if (context.arrived) {  // a peer that changed its port may have meant either
    const auto [local, remote] = *context.arrived;
    const auto now = find_nat(hash, agreed->cookies, nat_discovery, local, remote);
    found->nat = {found->nat.ours && now.ours, found->nat.peers && now.peers};
  }
  return found;
}

Established established_from(const Agreed& agreed, const Channel& last, const Context& context, Identity peer,
                             bool initial_contact) {
  return {agreed.cookies,
          agreed.choice,
          last.keys,
          last.iv,
          authentication_of(agreed.choice.authentication).our_identity(context),
          std::move(peer),
          agreed.features,
          agreed.nat,
          initial_contact};
}

Refusal crypto_failed(const Error& error) {
  Refusal refusal;
  refusal.event = &audit::mm_failed;
  refusal.fields = {{"reason", error.text}};
  refusal.reason = "key-exchange-failed";
  refusal.fatal = true;
  return refusal;
}

}  // namespace ipsec9000::ike::phase1
