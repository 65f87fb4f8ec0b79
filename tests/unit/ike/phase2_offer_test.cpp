#include "ike/phase2_offer.hpp"

#include <catch2/catch.hpp>

#include "ike/traffic_identity.hpp"
#include "wire/numbers.hpp"

using namespace ipsec9000;
using namespace ipsec9000::ike;

namespace {
const Spis initiator_spis{Spi{0x1111}, Spi{0x2222}};
const Spis responder_spis{Spi{0x3333}, Spi{0x4444}};

Protection protection(std::initializer_list<std::string> transforms) {
  Protection made;
  made.policy = "test";
  made.reqid = 1;
  for (const auto& text : transforms) made.transforms.push_back(*Transform::parse(text));
  return made;
}
}  // namespace

TEST_CASE("every transform name is offered, chosen and accepted") {
  for (const auto& name : transform_names()) {
    CAPTURE(name);
    const auto ours = protection({name});
    const auto answer = choose_phase2(ours, offer_phase2(ours, initiator_spis));
    REQUIRE(std::holds_alternative<Phase2Answer>(answer));
    const auto& chosen = std::get<Phase2Answer>(answer);
    CHECK((chosen.choice.peer.esp == Spi{0x2222} || chosen.choice.peer.ah == Spi{0x1111}));
    const auto accepted = accept_phase2(ours, chosen.reply(responder_spis));
    REQUIRE(std::holds_alternative<Phase2Choice>(accepted));
    CHECK(std::get<Phase2Choice>(accepted).transform == ours.transforms[0]);
  }
}

TEST_CASE("proposals of one number are taken together or not at all") {
  const auto nested = protection({"AH-SHA256+ESP-AES128"});
  const auto plain = protection({"ESP-AES128"});
  CHECK(std::holds_alternative<Refusal>(choose_phase2(plain, offer_phase2(nested, initiator_spis))));
  CHECK(std::holds_alternative<Refusal>(choose_phase2(nested, offer_phase2(plain, initiator_spis))));
}

TEST_CASE("tunnel and transport do not match, and the record says mode") {
  auto tunnel = protection({"ESP-AES128-HMAC-SHA256"});
  tunnel.mode = Mode::tunnel;
  const auto refused = choose_phase2(protection({"ESP-AES128-HMAC-SHA256"}), offer_phase2(tunnel, initiator_spis));
  REQUIRE(std::holds_alternative<Refusal>(refused));
  CHECK(std::get<Refusal>(refused).difference.attribute == "mode");
}

TEST_CASE("what the two ends mean unlike is named: wrapping in UDP, 64-bit sequence numbers") {
  const auto ours = protection({"ESP-AES128-HMAC-SHA256"});
  const auto [attribute, offered, wanted] = GENERATE(table<std::string, Terms, Terms>({
      {"encapsulation", {Path::direct, false}, {Path::udp, false}},
      {"encapsulation", {Path::udp, false}, {Path::direct, false}},
      {"sequence numbers", {Path::direct, true}, {Path::direct, false}},
      {"sequence numbers", {Path::direct, false}, {Path::direct, true}},
  }));
  const auto refused = choose_phase2(ours, offer_phase2(ours, initiator_spis, offered), wanted);
  REQUIRE(std::holds_alternative<Refusal>(refused));
  const auto& difference = std::get<Refusal>(refused).difference;
  CHECK(difference.attribute == attribute);
  CHECK(difference.offered != difference.wanted);
  CHECK(is_attribute_name(difference.attribute));
}

TEST_CASE("a lifetime longer than ours is answered with ours") {
  const auto ours = protection({"ESP-AES128-HMAC-SHA256/3600/0"});
  const auto [theirs, seconds, tell] =
      GENERATE(table<const char*, std::uint32_t, bool>({{"ESP-AES128-HMAC-SHA256/7200/0", 3600, true},
                                                        {"ESP-AES128-HMAC-SHA256/60/0", 60, false},
                                                        {"ESP-AES128-HMAC-SHA256/3600/0", 3600, false}}));
  const auto answer = std::get<Phase2Answer>(choose_phase2(ours, offer_phase2(protection({theirs}), initiator_spis)));
  CHECK(answer.choice.transform.lifetime.seconds == seconds);
  CHECK(answer.choice.tell_lifetime == tell);
  Lifetime told{7200, 0};
  apply_lifetime_notification(lifetime_notification(answer.choice, responder_spis), told);
  CHECK(told.seconds == seconds);
}

TEST_CASE("what is offered is told with its lifetimes and group, as a policy could name them") {
  auto theirs = protection({"AH-SHA256+ESP-AES128/3600/100000", "ESP-AES128-HMAC-SHA256/7200/0"});
  theirs.pfs = Group::modp2048;
  const auto offered = offer_phase2(theirs, initiator_spis);
  CHECK(offered_transforms(offered) == theirs.transforms);
  CHECK(offered_group(offered) == Group::modp2048);
  auto odd = protection({"ESP-AES128-HMAC-SHA256/7200/0"});
  odd.transforms.front().lifetime = {1, 0};
  const auto told = offered_transforms(offer_phase2(odd, initiator_spis));
  REQUIRE(told.size() == 1);
  CHECK(Transform::parse(told.front().to_string()));
}

TEST_CASE("traffic identities survive the wire, and what is no prefix is refused") {
  for (const auto* text : {"10.1.0.1", "10.0.0.0/8", "0.0.0.0/0", "fd00::1", "fd00::/48"}) {
    const TrafficEnd end{*Prefix::parse(text), IpProtocol::tcp, PortRange::one(23)};
    CHECK(*traffic_end_from(identification_of(end)) == end);
  }
  wire::Identification id;
  id.id_type = 4;
  id.value = *from_hex("0a000000ff00ff00");
  CHECK_FALSE(traffic_end_from(id));
  id.value = *from_hex("0a000000ff00");
  CHECK_FALSE(traffic_end_from(id));
  id.id_type = 7;
  id.value = *from_hex("0a0000000a0000ff");
  CHECK(traffic_end_from(id)->prefix.to_string() == "10.0.0.0/24");
  id.value = *from_hex("0a0000010a0000ff");
  CHECK_FALSE(traffic_end_from(id));
  id.id_type = 2;
  CHECK_FALSE(traffic_end_from(id));
}
