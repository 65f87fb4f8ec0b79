#include "ike/phase1_states.hpp"

#include "ike/authentication.hpp"
#include "ike/phase1_parts.hpp"
#include "wire/describe.hpp"
#include "wire/vendor_ids.hpp"

namespace ipsec9000::ike::phase1 {

namespace {
constexpr std::size_t nonce_minimum = 8;
constexpr std::size_t nonce_maximum = 256;

struct DescribePhase1 {
  static std::string doubt(const auto& state) {
    return std::string(authentication_of(state.agreed->choice.authentication).doubt());
  }
  static std::string proof(const auto& state) {
    return state.agreed->choice.authentication == AuthenticationMethod::psk ? "HASH" : "CERT, SIG";
  }
  std::string operator()(const main_mode::SaSent&) const { return "message 1 (SA) was sent, nothing was heard"; }
  std::string operator()(const main_mode::GeneratingKey&) const { return "message 2 (SA) was received"; }
  std::string operator()(const main_mode::KeySent&) const {
    return "message 3 (KE) was sent, last heard message 2 (SA)";
  }
  std::string operator()(const main_mode::Deriving&) const { return "message 4 (KE) was received"; }
  std::string operator()(const main_mode::AuthSent& state) const {
    return "message 5 (ID, " + proof(state) + ") was sent, last heard message 4 (KE)" + doubt(state);
  }
  std::string operator()(const main_mode::SaReplied&) const {
    return "message 2 (SA) was sent, last heard message 1 (SA)";
  }
  std::string operator()(const main_mode::Exchanging&) const { return "message 3 (KE) was received"; }
  std::string operator()(const main_mode::KeyReplied& state) const {
    return "message 4 (KE) was sent, last heard message 3 (KE)" + doubt(state);
  }
  std::string operator()(const main_mode::Signing&) const { return "our signature is being made"; }
  std::string operator()(const main_mode::Verifying&) const { return "the peer's signature is being verified"; }
  std::string operator()(const aggressive_mode::GeneratingKey&) const { return "nothing was sent yet"; }
  std::string operator()(const aggressive_mode::Offered&) const {
    return "message 1 (SA, KE, ID) was sent, nothing was heard";
  }
  std::string operator()(const aggressive_mode::Deriving&) const { return "message 2 was received"; }
  std::string operator()(const aggressive_mode::Exchanging&) const { return "message 1 was received"; }
  std::string operator()(const aggressive_mode::Answered&) const {
    return "message 2 (SA, KE, ID, HASH) was sent, last heard message 1: the pre-shared keys may differ";
  }
  std::string operator()(const main_mode::Done&) const { return "complete"; }
  std::string operator()(const aggressive_mode::Done&) const { return "complete"; }
};

}  // namespace

const Channel* channel_of(const State& state) {
  if (const auto* sent = std::get_if<main_mode::AuthSent>(&state)) return &sent->channel;
  if (const auto* replied = std::get_if<main_mode::KeyReplied>(&state)) return &replied->channel;
  if (const auto* answered = std::get_if<aggressive_mode::Answered>(&state)) return &answered->channel;
  if (const auto* signing = std::get_if<main_mode::Signing>(&state)) return &signing->channel;
  if (const auto* verifying = std::get_if<main_mode::Verifying>(&state)) return &verifying->message.next;
  return nullptr;
}

std::string describe(const State& state) { return std::visit(DescribePhase1{}, state); }

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

bool is_done(const State& state) {
  return std::holds_alternative<main_mode::Done>(state) || std::holds_alternative<aggressive_mode::Done>(state);
}

bool is_weighing_proof(const State& state) {
  return std::holds_alternative<main_mode::Signing>(state) || std::holds_alternative<main_mode::Verifying>(state);
}

std::optional<Refusal> check_nonce(ByteView nonce) {
  if (nonce.size() >= nonce_minimum && nonce.size() <= nonce_maximum) return std::nullopt;
  return bad_packet("a nonce of " + std::to_string(nonce.size()) + " bytes (8 to 256 are allowed)");
}

PeerFeatures features_of(const wire::DecodedChain& chain) {
  PeerFeatures features;
  for (const auto* vendor : chain.all<wire::VendorId>()) {
    const auto* known = wire::find_vendor_feature(vendor->value);
    if (known == nullptr) continue;
    if (known->feature == wire::Feature::dead_peer_detection) features.dead_peer_detection = true;
    if (known->feature == wire::Feature::nat_traversal) features.nat_traversal = true;
    if (known->feature == wire::Feature::extended_sequence) features.extended_sequence = true;
    if (wire::announces_fragmentation(vendor->value)) features.fragmentation = true;
  }
  return features;
}

std::optional<Refusal> unknown_payload(const wire::DecodedChain& chain) {
  for (const auto* unknown : chain.all<wire::Unknown>())
    if (unknown->payload_type < 128) return bad_packet("payload type " + std::to_string(unknown->payload_type));
  return std::nullopt;
}

std::variant<wire::DecodedChain, Refusal> read_chain(const wire::Header& header, ByteView message) {
  auto chain = wire::decode_chain(header.next_payload, message.subspan(wire::header_size));
  if (!chain) return bad_packet(chain.error().text);
  if (auto refusal = unknown_payload(*chain)) return std::move(*refusal);
  if (chain->length + wire::header_size != message.size()) return bad_packet("bytes behind the last payload");
  return std::move(*chain);
}

bool says_initial_contact(const wire::DecodedChain& chain) {
  bool said = false;
  for (const auto* notification : chain.all<wire::Notification>())
    said = said || notification->notify_type == wire::notify::initial_contact;
  return said;
}

std::vector<Bytes> nat_discovery_in(const wire::DecodedChain& chain) {
  std::vector<Bytes> hashes;
  for (const auto* discovery : chain.all<wire::NatDiscovery>()) hashes.push_back(discovery->value);
  return hashes;
}

std::vector<Bytes> requests_in(const wire::DecodedChain& chain) {
  std::vector<Bytes> names;
  for (const auto* request : chain.all<wire::CertificateRequest>())
    if (request->encoding == wire::encoding::x509_signature || request->encoding == wire::encoding::pkcs7)
      names.push_back(request->value);
  return names;
}

std::variant<Event, Refusal> read_message(const State& state, const wire::Header& header, ByteView message) {
  if (header.message_id != 0) return bad_packet("a message id, which phase 1 does not have");  // RFC 2408, 3.1
  const bool aggressive = header.exchange == wire::ExchangeType::aggressive;
  if (!header.encrypted())
    return aggressive ? aggressive_mode::read_clear(header, message) : main_mode::read_clear(header, message);
  const auto* channel = channel_of(state);
  const auto* agreed = agreed_in(state);
  if (channel == nullptr || agreed == nullptr) return unexpected("an encrypted message before there are keys");
  return aggressive ? aggressive_mode::read_encrypted(*agreed, *channel, header, message)
                    : main_mode::read_encrypted(*agreed, *channel, header, message);
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

}  // namespace ipsec9000::ike::phase1
