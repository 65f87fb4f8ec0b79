// From the bytes of a Main Mode message to a typed event.
#include "ike/main_mode.hpp"
#include "wire/describe.hpp"
#include "wire/vendor_ids.hpp"

namespace ipsec9000::ike::main_mode {

namespace {
constexpr std::size_t nonce_minimum = 8;  // RFC 2409, 5
constexpr std::size_t nonce_maximum = 256;

PeerFeatures features_of(const wire::DecodedChain& chain) {
  PeerFeatures features;
  for (const auto* vendor : chain.all<wire::VendorId>()) {
    const auto* known = wire::find_vendor_feature(vendor->value);
    if (known == nullptr) continue;
    if (known->feature == wire::Feature::dead_peer_detection) features.dead_peer_detection = true;
    if (known->feature == wire::Feature::nat_traversal) features.nat_traversal = true;
    if (wire::announces_fragmentation(vendor->value)) features.fragmentation = true;
  }
  return features;
}

std::variant<Event, Refusal> read_clear(const wire::Header& header, ByteView message) {
  auto chain = wire::decode_chain(header.next_payload, message.subspan(wire::header_size));
  if (!chain) return bad_packet(chain.error().text);
  for (const auto* unknown : chain->all<wire::Unknown>())  // those from 128 on are private: somebody else's
    if (unknown->payload_type < 128) return bad_packet("payload type " + std::to_string(unknown->payload_type));
  if (chain->length + wire::header_size != message.size()) return bad_packet("bytes behind the last payload");
  if (const auto* sa = chain->only<wire::SecurityAssociation>(); sa != nullptr && !chain->payloads.empty()) {
    if (!std::holds_alternative<wire::SecurityAssociation>(chain->payloads.front().value))
      return bad_packet("the SA payload does not come first");
    return Event{
        SaMessage{header, *sa, *chain->body_of<wire::SecurityAssociation>(), features_of(*chain), message.size()}};
  }
  const auto* key = chain->only<wire::KeyExchange>();
  const auto* nonce = chain->only<wire::Nonce>();
  if (key == nullptr || nonce == nullptr)
    return bad_packet("neither one SA payload nor one KE and one NONCE payload: " + wire::describe(header, &*chain));
  if (nonce->value.size() < nonce_minimum || nonce->value.size() > nonce_maximum)
    return bad_packet("a nonce of " + std::to_string(nonce->value.size()) + " bytes (8 to 256 are allowed)");
  KeyMessage keys{key->value, nonce->value};
  for (const auto* discovery : chain->all<wire::NatDiscovery>()) keys.nat_discovery.push_back(discovery->value);
  return Event{std::move(keys)};
}

Refusal not_decrypted(const Error& error) {
  Refusal refusal;
  refusal.event = &audit::auth_failed;
  refusal.fields = {
      {"reason", "its message cannot be decrypted (" + error.text + "): the two hosts have different pre-shared keys"}};
  refusal.reason = "authentication-failed";
  refusal.differs = "pre-shared key";
  refusal.notify = wire::notify::authentication_failed;
  return refusal;
}

std::variant<Event, Refusal> read_encrypted(const Channel& channel, const wire::Header& header, ByteView message) {
  auto opened = open(channel, header, message);
  if (!opened) return not_decrypted(opened.error());
  const auto* id = opened->chain.only<wire::Identification>();
  const auto* hash = opened->chain.only<wire::Hash>();
  if (id == nullptr || hash == nullptr)
    return not_decrypted({ErrorCode::invalid_input, "no ID and HASH payload in it"});
  bool initial_contact = false;
  for (const auto* notification : opened->chain.all<wire::Notification>())
    initial_contact = initial_contact || notification->notify_type == wire::notify::initial_contact;
  return Event{AuthMessage{*id, *opened->chain.body_of<wire::Identification>(), hash->value, initial_contact,
                           std::move(opened->next)}};
}

struct Describe {
  std::string operator()(const SaSent&) const { return "message 1 (SA) was sent, nothing was heard"; }
  std::string operator()(const GeneratingKey&) const { return "message 2 (SA) was received"; }
  std::string operator()(const KeySent&) const { return "message 3 (KE) was sent, last heard message 2 (SA)"; }
  std::string operator()(const Deriving&) const { return "message 4 (KE) was received"; }
  std::string operator()(const AuthSent&) const {
    return "message 5 (ID, HASH) was sent, last heard message 4 (KE): the pre-shared keys may differ";
  }
  std::string operator()(const SaReplied&) const { return "message 2 (SA) was sent, last heard message 1 (SA)"; }
  std::string operator()(const Exchanging&) const { return "message 3 (KE) was received"; }
  std::string operator()(const KeyReplied&) const {
    return "message 4 (KE) was sent, last heard message 3 (KE): the pre-shared keys may differ";
  }
  std::string operator()(const Done&) const { return "complete"; }
};
}  // namespace

std::variant<Event, Refusal> read_message(const State& state, const wire::Header& header, ByteView message) {
  if (!header.encrypted()) return read_clear(header, message);
  const Channel* channel = nullptr;
  if (const auto* sent = std::get_if<AuthSent>(&state)) channel = &sent->channel;
  if (const auto* replied = std::get_if<KeyReplied>(&state)) channel = &replied->channel;
  if (channel == nullptr) return unexpected("an encrypted Main Mode message before there are keys");
  return read_encrypted(*channel, header, message);
}

std::string describe(const State& state) { return std::visit(Describe{}, state); }

const Agreed* agreed_in(const State& state) {
  return std::visit(
      [](const auto& in) -> const Agreed* {
        if constexpr (requires { in.agreed; })
          return in.agreed.get();
        else
          return nullptr;
      },
      state);
}

Outcome advance(const State& state, const Event& event, const Context& context) {
  return std::visit(
      [&](const auto& from, const auto& what) -> Outcome {
        if constexpr (requires { on(from, what, context); })
          return on(from, what, context);
        else
          return unexpected("it does not fit: " + describe(state));
      },
      state, event);
}

}  // namespace ipsec9000::ike::main_mode
