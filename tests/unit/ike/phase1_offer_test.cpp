#include "ike/phase1_offer.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000;
using namespace ipsec9000::ike;

namespace {
constexpr auto psk = wire::oakley::method_pre_shared_key;

IsakmpPolicy policy(std::initializer_list<const char*> proposals) {
  IsakmpPolicy made;
  made.name = "test";
  for (const auto* text : proposals) made.proposals.push_back(*IkeProposal::parse(text));
  return made;
}
}  // namespace

TEST_CASE("an offer of ours is understood by ourselves, for every proposal there is") {
  for (const auto& cipher : all_encryptions()) {
    if (cipher.oakley == 0) continue;
    for (const auto& hash : all_hashes()) {
      for (const auto& group : all_groups()) {
        IsakmpPolicy one;
        one.proposals = {{cipher.id, hash.id, group.id}};
        const auto answer = choose_phase1(one, psk, offer_phase1(one, psk));
        REQUIRE(std::holds_alternative<Phase1Answer>(answer));
        const auto accepted = accept_phase1(one, psk, std::get<Phase1Answer>(answer).reply);
        REQUIRE(std::holds_alternative<Phase1Choice>(accepted));
        CHECK(std::get<Phase1Choice>(accepted).proposal == one.proposals[0]);
      }
    }
  }
}

TEST_CASE("a reply with two transforms, or with one we never offered, is refused") {
  const auto ours = policy({"AES128-SHA256-MODP2048", "AES256-SHA256-MODP2048"});
  CHECK(std::holds_alternative<Refusal>(accept_phase1(ours, psk, offer_phase1(ours, psk))));
  CHECK(
      std::holds_alternative<Refusal>(accept_phase1(ours, psk, offer_phase1(policy({"AES192-SHA256-MODP2048"}), psk))));
  CHECK(std::holds_alternative<Refusal>(accept_phase1(ours, psk, {1, 1, {}})));
}

TEST_CASE("unknown numbers and missing attributes never match and never crash") {
  const auto ours = policy({"AES128-SHA256-MODP2048"});
  auto offered = offer_phase1(ours, psk);
  SECTION("another domain of interpretation") { offered.doi = 7; }
  SECTION("no attributes") { offered.proposals[0].transforms[0].attributes.clear(); }
  SECTION("unknown cipher") { offered.proposals[0].transforms[0].attributes[0] = wire::Attribute::of(1, 60000); }
  SECTION("an attribute as a long number") { offered.proposals[0].transforms[0].attributes[0] = {1, Bytes(40, 0xff)}; }
  SECTION("another transform id") { offered.proposals[0].transforms[0].id = 9; }
  SECTION("no proposals") { offered.proposals.clear(); }
  CHECK(std::holds_alternative<Refusal>(choose_phase1(ours, psk, offered)));
}

TEST_CASE("lifetimes: the shorter one counts, kilobytes are not seconds") {
  auto ours = policy({"AES128-SHA256-MODP2048"});
  ours.lifetime = 1000;
  auto theirs = ours;
  theirs.lifetime = 500;
  CHECK(std::get<Phase1Answer>(choose_phase1(ours, psk, offer_phase1(theirs, psk))).choice.lifetime == 500);
  theirs.lifetime = 5000000;
  CHECK(std::get<Phase1Answer>(choose_phase1(ours, psk, offer_phase1(theirs, psk))).choice.lifetime == 1000);
  auto offered = offer_phase1(theirs, psk);
  for (auto& attribute : offered.proposals[0].transforms[0].attributes)
    if (attribute.type == wire::oakley::life_type)
      attribute = wire::Attribute::of(attribute.type, wire::oakley::life_kilobytes);
  CHECK(std::get<Phase1Answer>(choose_phase1(ours, psk, offered)).choice.lifetime == 1000);
}
