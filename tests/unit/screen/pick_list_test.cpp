#include "cli/ipsec_mgr/screen/pick_list.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "model/transform.hpp"
#include "operator.hpp"

using namespace ipsec9000;
using namespace ipsec9000::screen;

namespace {
Choices choices(const char* list, const char* member, bool allow_legacy = false) {
  return choices_for(member, *configuration_root().find(list)->find(member), allow_legacy);
}
bool offers(const Choices& choices, std::string_view word) {
  return std::find(choices.words.begin(), choices.words.end(), word) != choices.words.end();
}
}  // namespace

TEST_CASE("every transform that is offered is one, legacy ones only where they are allowed") {
  const auto safe = choices("policies", "transforms");
  CHECK(safe.several);
  for (const auto& word : safe.words) {
    const auto transform = Transform::parse(word);
    REQUIRE(transform);
    CHECK_FALSE(transform->is_legacy());
    CHECK(transform->is_authenticated());
  }
  CHECK(offers(safe, "AH-SHA256+ESP-AES128"));
  CHECK_FALSE(offers(safe, "ESP-3DES-HMAC-SHA1"));
  CHECK(offers(choices("policies", "transforms", true), "ESP-3DES-HMAC-SHA1"));
}

TEST_CASE("proposals, groups and words come from where they are declared") {
  const auto proposals = choices("isakmp_policies", "proposals");
  CHECK(offers(proposals, "AES256-SHA512-CURVE25519"));
  CHECK_FALSE(offers(proposals, "3DES-SHA1-MODP1024"));
  for (const auto& word : proposals.words) REQUIRE(IkeProposal::parse(word));
  CHECK(offers(choices("policies", "pfs"), "ECP384"));
  CHECK(choices("policies", "action").words == std::vector<std::string>{"secure", "pass", "discard"});
  CHECK(choices("policies", "exclusive").words == std::vector<std::string>{"false", "true"});
  CHECK(choices("policies", "name").words.empty());
}

TEST_CASE("a list is picked by parts of names, put into order, and given lifetimes") {
  test::FakeBackend backend;
  test::Operator person(backend);
  std::string picked = "untouched";
  person.application.open(std::make_unique<PickList>(person.application, "transforms",
                                                     choices("policies", "transforms"), "ESP-AES128-HMAC-SHA256",
                                                     [&](const std::string& text) { picked = text; }));
  person.type("aes256 sha512").press(KeyCode::enter);
  CHECK(person.sees("2 ESP-AES256-HMAC-SHA512"));
  person.press(KeyCode::enter);
  CHECK(person.sees("among the chosen ones already"));
  person.press(KeyCode::tab).type("-").type("l");
  CHECK(person.sees("Lifetime of ESP-AES256-HMAC-SHA512"));
  person.press(Key::control('u')).type("5/0");
  CHECK(person.sees("10"));
  person.press(KeyCode::enter);
  CHECK(person.sees("Lifetime of"));  // refused, so it stays
  person.press(Key::control('u')).type("3600/0").press(KeyCode::enter).press(Key::function(2));
  CHECK(picked == "ESP-AES256-HMAC-SHA512/3600/0, ESP-AES128-HMAC-SHA256");
}

TEST_CASE("Esc leaves the field as it was") {
  test::FakeBackend backend;
  test::Operator person(backend);
  std::string picked = "untouched";
  person.application.open(std::make_unique<PickList>(person.application, "action", choices("policies", "action"),
                                                     "pass", [&](const std::string& text) { picked = text; }));
  CHECK(person.sees(">pass"));
  person.press(KeyCode::down).press(KeyCode::escape);
  CHECK(picked == "untouched");
}
