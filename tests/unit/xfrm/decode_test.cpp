#include "xfrm/decode.hpp"

#include <array>

#include "captured.hpp"
#include "messages.hpp"

using namespace ipsec9000;

namespace {

template <class T>
T event(std::string_view hex) {
  const CapturedMessage message(hex);
  auto decoded = decode_event(*message);
  REQUIRE(decoded);
  REQUIRE(*decoded);
  REQUIRE(std::holds_alternative<T>(**decoded));
  return std::get<T>(std::move(**decoded));
}

PolicySpec nested_policy() {
  PolicySpec policy{
      {prefix("10.9.0.1"), prefix("10.9.0.0/24"), IpProtocol::udp, PortMask::one(1024), PortMask::one(23)}};
  policy.priority = 4096;
  policy.templates = {{SaProtocol::esp, Mode::transport, 7}, {SaProtocol::ah, Mode::transport, 8}};
  return policy;
}

}  // namespace

TEST_CASE("a policy with nested templates is read, innermost layer first") {
  const auto changed = event<PolicyChanged>(captured::policy_nested);
  CHECK(changed.change == Change::added);
  CHECK(changed.policy.spec == nested_policy());
  CHECK((changed.policy.index & 7) == 1);
  CHECK(changed.policy.current.add_time > 1'700'000'000);
  CHECK(changed.policy.current.use_time == 0);
}

TEST_CASE("a policy of ICMPv6 has the type in its source port") {
  const auto changed = event<PolicyChanged>(captured::policy_neighbour);
  CHECK(changed.change == Change::updated);
  PolicySpec policy{{prefix("fd00::/64"), prefix("fd00::1"), IpProtocol::icmpv6, PortMask::one(133), {}}};
  policy.direction = PolicyDirection::in;
  policy.priority = 16;
  CHECK(changed.policy.spec == policy);
}

TEST_CASE("a tunnel's template has ends of its own family, and the policy its mark") {
  const auto state = decode_policy(CapturedMessage(captured::policy_tunnel)->payload);
  REQUIRE(state);
  PolicySpec policy{{prefix("10.5.0.0/16"), prefix("10.6.0.0/16"), {}, {}, {}}};
  policy.direction = PolicyDirection::forward;
  policy.priority = 99;
  policy.mark = Mark{5, 0xff};
  policy.templates = {{SaProtocol::esp, Mode::tunnel, 9, TunnelEndpoints{ip("fd00::2"), ip("fd00::1")}, true}};
  CHECK(state->spec == policy);
}

TEST_CASE("a deleted policy is told in full") {
  const auto changed = event<PolicyChanged>(captured::policy_deleted);
  CHECK(changed.change == Change::deleted);
  CHECK(changed.policy.spec.action == PolicyAction::block);
  CHECK(changed.policy.spec.selector.source == prefix("10.8.0.0/16"));
  CHECK(changed.policy.spec.selector.destination == Prefix::any(Family::ipv4));
}

TEST_CASE("an acquire names the flow, the policy and the layer that is wanted") {
  for (const auto hex : {captured::acquire_new_kernel, captured::acquire_old_kernel}) {
    const auto acquire = event<Acquire>(hex);
    CHECK(acquire.sequence != 0);
    CHECK(acquire.protocol == SaProtocol::esp);
    CHECK(acquire.source == ip("10.9.0.1"));
    CHECK(acquire.destination == ip("10.9.0.2"));
    CHECK(acquire.flow == Flow{ip("10.9.0.1"), ip("10.9.0.2"), IpProtocol::udp, 1024, 23});
    CHECK(acquire.policy.spec == nested_policy());
    CHECK(acquire.wanted == 0);
  }
}

TEST_CASE("a larval SA is known by its SPI of 0, and its end by the acquire's sequence") {
  const auto larval = decode_sa(CapturedMessage(captured::larval_dumped)->payload, Keys::include);
  REQUIRE(larval);
  CHECK(larval->condition == SaCondition::larval);
  CHECK(larval->spec.spi == Spi{0});
  CHECK(larval->spec.reqid == 7);
  CHECK(larval->spec.selector == KernelSelector::of({ip("10.9.0.1"), ip("10.9.0.2"), IpProtocol::udp, 1024, 23}));
  const auto expire = event<Expire>(captured::larval_expired);
  CHECK(expire.hard);
  CHECK(expire.sa.spi == Spi{0});
  CHECK(expire.sequence == larval->sequence);
  CHECK(expire.sequence == event<Acquire>(captured::acquire_new_kernel).sequence);
}

TEST_CASE("an SA is read with its limits, selector and algorithms") {
  const auto sa = decode_sa(CapturedMessage(captured::sa_cbc)->payload, Keys::include);
  REQUIRE(sa);
  CHECK(sa->condition == SaCondition::mature);
  CHECK(sa->spec.id() == SaId{ip("10.9.0.2"), Spi{0xc0de0001}, SaProtocol::esp});
  CHECK(sa->spec.source == ip("10.9.0.1"));
  CHECK(sa->spec.mode == Mode::transport);
  CHECK(sa->spec.reqid == 7);
  CHECK(sa->spec.selector == KernelSelector::of({ip("10.9.0.1"), ip("10.9.0.2"), IpProtocol::udp, 1024, 23}));
  CHECK(sa->spec.soft == LifetimeLimits{0, 0, 100, 0});
  CHECK(sa->spec.hard == LifetimeLimits{0, 0, 300, 0});
  CHECK(sa->spec.replay_window == 32);
  CHECK_FALSE(sa->spec.esn);
  REQUIRE(sa->spec.encryption);
  CHECK(sa->spec.encryption->algorithm == "cbc(aes)");
  CHECK(sa->spec.encryption->icv_bits == 0);
  CHECK(to_hex(sa->spec.encryption->key.view()) == "22222222222222222222222222222222");
  REQUIRE(sa->spec.authentication);
  CHECK(sa->spec.authentication->algorithm == "hmac(sha256)");
  CHECK(sa->spec.authentication->truncation_bits == 128);
  CHECK(sa->spec.authentication->key.size() == 32);
  CHECK(sa->current.add_time > 1'700'000'000);
}

TEST_CASE("keys stay in the kernel's answer unless they are asked for") {
  const auto sa = decode_sa(CapturedMessage(captured::sa_cbc)->payload, Keys::leave_out);
  REQUIRE(sa);
  CHECK(sa->spec.encryption->algorithm == "cbc(aes)");
  CHECK(sa->spec.encryption->key.empty());
  CHECK(sa->spec.authentication->key.empty());
  CHECK(event<SaChanged>(captured::sa_added).sa.spec.encryption->key.empty());
}

TEST_CASE("AEAD, extended sequence numbers and a tunnel over IPv6 are read") {
  const auto sa = decode_sa(CapturedMessage(captured::sa_esn)->payload, Keys::include);
  REQUIRE(sa);
  CHECK(sa->spec.mode == Mode::tunnel);
  CHECK(sa->spec.source == ip("fd00::1"));
  CHECK_FALSE(sa->spec.selector);
  CHECK(sa->spec.esn);
  CHECK(sa->spec.replay_window == 64);
  CHECK(sa->spec.encryption->algorithm == "rfc4106(gcm(aes))");
  CHECK(sa->spec.encryption->icv_bits == 128);
  CHECK(sa->spec.encryption->key.size() == 20);
  CHECK_FALSE(sa->spec.authentication);
}

TEST_CASE("AH, and ESP in UDP with a mark, are read") {
  const auto ah = decode_sa(CapturedMessage(captured::sa_ah)->payload, Keys::leave_out);
  REQUIRE(ah);
  CHECK(ah->spec.protocol == SaProtocol::ah);
  CHECK_FALSE(ah->spec.encryption);
  CHECK(ah->spec.authentication->truncation_bits == 96);
  CHECK_FALSE(ah->spec.selector);  // the kernel's any-any of the same family means the same
  const auto udp = decode_sa(CapturedMessage(captured::sa_udp)->payload, Keys::leave_out);
  REQUIRE(udp);
  CHECK(udp->spec.encapsulation == Encapsulation{4500, 4501});
  CHECK(udp->spec.mark == Mark{3, 7});
  CHECK(udp->spec.encryption->algorithm == "ecb(cipher_null)");
  CHECK(udp->condition == SaCondition::mature);
}

TEST_CASE("changes of SAs are told apart") {
  const auto added = event<SaChanged>(captured::sa_added);
  CHECK(added.change == Change::added);
  CHECK(added.sa.spec.soft == LifetimeLimits{5000, 0, 100, 0});
  CHECK(added.sa.spec.hard == LifetimeLimits{6000, 0, 200, 0});
  CHECK(added.sa.spec.spi == Spi{0xc0de0001});
  const auto updated = event<SaChanged>(captured::sa_updated);
  CHECK(updated.change == Change::updated);
  CHECK(updated.sa.spec.hard.seconds == 300);
  const auto deleted = event<SaChanged>(captured::sa_deleted);
  CHECK(deleted.change == Change::deleted);
  CHECK(deleted.sa.spec.id() == SaId{ip("10.9.0.2"), Spi{0xc0de0001}, SaProtocol::esp});
}

TEST_CASE("soft and hard expiry, flushes and a moved peer are told apart") {
  const auto soft = event<Expire>(captured::sa_soft_expired);
  CHECK_FALSE(soft.hard);
  CHECK(soft.sa == SaId{ip("10.9.0.1"), Spi{0xc0de0005}, SaProtocol::esp});
  CHECK(soft.source == ip("10.9.0.2"));
  CHECK(soft.reqid == 10);
  CHECK(event<Expire>(captured::sa_hard_expired).hard);
  CHECK_FALSE(event<Flushed>(captured::sas_flushed).policies);
  CHECK(event<Flushed>(captured::policies_flushed).policies);
  const auto mapping = event<Mapping>(captured::mapping);
  CHECK(mapping.sa == SaId{ip("10.9.0.2"), Spi{0xc0de0009}, SaProtocol::esp});
  CHECK(mapping.reqid == 10);
  CHECK(mapping.old_source == Endpoint{ip("10.9.0.1"), 4500});
  CHECK(mapping.new_source == Endpoint{ip("10.9.0.1"), 4501});
}

TEST_CASE("figures and default actions are read") {
  const auto spd = decode_spd_info(CapturedMessage(captured::spd_info)->payload);
  REQUIRE(spd);
  CHECK(spd->in == 1);
  CHECK(spd->out == 1);
  CHECK(spd->forward == 1);
  CHECK(spd->hash_buckets == 7);
  CHECK(spd->thresholds == HashThresholds{HashThreshold{32, 32}, HashThreshold{128, 128}});
  const auto sad = decode_sad_info(CapturedMessage(captured::sad_info)->payload);
  REQUIRE(sad);
  CHECK(sad->states == 0);
  CHECK(sad->hash_buckets == 8);
  const auto actions = decode_default(CapturedMessage(captured::default_actions)->payload);
  REQUIRE(actions);
  CHECK(*actions == DefaultActions{PolicyAction::allow, PolicyAction::allow, PolicyAction::allow});
}

TEST_CASE("a message of a type that means nothing to us is no event and no error") {
  const auto decoded = decode_event({0x20, 0, 1, 0, {}});
  REQUIRE(decoded);
  CHECK_FALSE(*decoded);
}

namespace {
constexpr std::array all_captures{captured::policy_nested,
                                  captured::policy_neighbour,
                                  captured::policy_tunnel,
                                  captured::policy_deleted,
                                  captured::acquire_new_kernel,
                                  captured::acquire_old_kernel,
                                  captured::larval_dumped,
                                  captured::larval_expired,
                                  captured::spd_info,
                                  captured::sad_info,
                                  captured::default_actions,
                                  captured::sa_cbc,
                                  captured::sa_esn,
                                  captured::sa_ah,
                                  captured::sa_udp,
                                  captured::sa_added,
                                  captured::sa_updated,
                                  captured::sa_deleted,
                                  captured::sa_soft_expired,
                                  captured::sa_hard_expired,
                                  captured::sas_flushed,
                                  captured::policies_flushed,
                                  captured::mapping};

// Every decoder, whatever the type says: a kernel of another mind could send any payload under any number.
bool decode_by_all(const Message& message) {
  bool any = false;
  for (std::uint16_t type = 0x10; type <= 0x28; ++type)
    any = decode_event({type, message.flags, message.sequence, message.sender, message.payload}).has_value() || any;
  any = decode_policy(message.payload).has_value() || any;
  any = decode_sa(message.payload, Keys::include).has_value() || any;
  any = decode_default(message.payload).has_value() || any;
  any = decode_spd_info(message.payload).has_value() || any;
  any = decode_sad_info(message.payload).has_value() || any;
  return any;
}

// Structure size in front of the attributes, by type, after which the cut may leave a whole message.
std::size_t head_size(std::uint16_t type) {
  switch (type) {
    case 0x10:
    case 0x1a:
      return 224;
    case 0x11:
      return 24;
    case 0x13:
    case 0x19:
      return 168;
    case 0x14:
      return 64;
    case 0x17:
      return 280;
    case 0x18:
      return 232;
    case 0x26:
      return 64;
    default:
      return 0;
  }
}
}  // namespace

TEST_CASE("a message cut off within its fixed part is an error, and one cut off later is never misread") {
  for (const auto hex : all_captures) {
    const CapturedMessage message(hex);
    const auto head = head_size(message->type);
    for (std::size_t size = 0; size < message->payload.size(); ++size) {
      const Bytes cut = to_bytes(message->payload.first(size));  // of its own, so that reading on is seen
      const Message shorter{message->type, message->flags, message->sequence, message->sender, cut};
      CAPTURE(message->type, size);
      if (size < head) CHECK_FALSE(decode_event(shorter));
      decode_by_all(shorter);
    }
  }
}

TEST_CASE("a message cut off within an attribute is an error") {
  const CapturedMessage message(captured::sa_cbc);
  // Attributes start after 224 bytes, each with its length; a cut between two of them is no cut to the decoder.
  std::size_t boundary = 224;
  for (std::size_t size = 224; size < message->payload.size(); ++size) {
    if (size == boundary) {
      boundary += (*read_structure<std::uint16_t>(message->payload.subspan(boundary)) + 3U) & ~3U;
      continue;
    }
    CAPTURE(size);
    CHECK_FALSE(decode_sa(message->payload.first(size), Keys::include));
  }
}

TEST_CASE("no byte set to an extreme makes a decoder read beyond the message or hold it up") {
  for (const auto hex : all_captures) {
    const CapturedMessage message(hex);
    for (std::size_t at = 0; at < message->payload.size(); ++at)
      for (const auto value : std::array<std::uint8_t, 5>{0x00, 0x01, 0x7f, 0x80, 0xff}) {
        Bytes changed = to_bytes(message->payload);
        changed[at] = value;
        const auto decoded = decode_event({message->type, 0, 1, 0, changed});
        if (decoded || decoded.error().text.empty()) CHECK(decoded);  // an error has words
      }
  }
}

TEST_CASE("contradictions within an SA are refused") {
  const auto spoilt = [](std::string_view hex, std::size_t at, std::initializer_list<std::uint8_t> values) {
    const CapturedMessage message(hex);
    Bytes payload = to_bytes(message->payload);
    for (const auto value : values) payload[at++] = value;
    return decode_sa(payload, Keys::leave_out).has_value();
  };
  const auto find_name = [](std::string_view hex, std::string_view name) {
    const CapturedMessage message(hex);
    const std::string_view text(reinterpret_cast<const char*>(message->payload.data()), message->payload.size());
    return text.find(name);
  };
  const auto cipher = find_name(captured::sa_cbc, "cbc(aes)");
  CHECK(spoilt(captured::sa_cbc, cipher, {'C'}));
  CHECK_FALSE(spoilt(captured::sa_cbc, cipher + 64, {129, 0, 0, 0}));            // one more bit of key than there is
  CHECK_FALSE(spoilt(captured::sa_cbc, cipher + 64, {0xff, 0xff, 0xff, 0xff}));  // near the end of the range
  CHECK_FALSE(spoilt(captured::sa_cbc, 212, {99, 0}));                           // no such address family
  CHECK_FALSE(spoilt(captured::sa_cbc, 42, {33}));                               // a prefix of 33 bits of 32
}

TEST_CASE("an event carries the port that its causer gave") {
  Bytes whole = *from_hex(captured::policy_nested);
  whole[12] = 0x39;
  whole[13] = 0x05;
  const CapturedMessage message(whole);
  const auto decoded = decode_event(*message);
  REQUIRE((decoded && *decoded));
  CHECK(std::get<PolicyChanged>(**decoded).sender == 1337);
}
