#include "cli/ipsec_mgr/screen/try_packet.hpp"

#include <catch2/catch.hpp>

#include "operator.hpp"

using namespace ipsec9000;
using namespace ipsec9000::screen;

namespace {
std::string wrong(const PacketWords& words) {
  const auto question = words.question();
  return question ? "" : question.error().text;
}
}  // namespace

TEST_CASE("what is left empty is any, and impossible packets are refused by name") {
  CHECK(wrong({}).empty());
  CHECK(wrong({"out", "10.1.0.1", "", "10.1.0.2", "23", "tcp"}).empty());
  CHECK(wrong({"up", "", "", "", "", ""}).find("Direction") != std::string::npos);
  CHECK(wrong({"out", "10.1.0.x", "", "", "", ""}).find("Source address") != std::string::npos);
  CHECK(wrong({"out", "10.1.0.1", "", "fd00::1", "", ""}).find("families") != std::string::npos);
  CHECK(wrong({"out", "", "", "", "23", ""}).find("protocol") != std::string::npos);
  CHECK(wrong({"out", "", "", "", "70000", "tcp"}).find("Destination port") != std::string::npos);
  const auto six = PacketWords{"in", "fd00::1", "", "", "", "icmpv6"}.question();
  CHECK(six->flow.destination.family() == Family::ipv6);
}

TEST_CASE("the answer names the policy, the ISAKMP policy, and why the others lost") {
  const auto parsed = parse_configuration(test::commented, "");
  const auto question = PacketWords{"out", "10.1.0.1", "", "10.1.0.2", "23", "tcp"}.question();
  const auto lines = answer_lines(*parsed.configuration, *question);
  CHECK(lines[0] == "Policy: telnet (hashed, place 1): secure");
  CHECK(lines[1] == "ISAKMP policy: peers");
  const auto other = PacketWords{"in", "10.2.3.4", "", "10.1.0.1", "80", "tcp"}.question();
  CHECK(answer_lines(*parsed.configuration, *other)[0] == "Policy: net (ordered, place 2): discard");
}

TEST_CASE("the packet is answered as it is typed, and can be turned round") {
  test::FakeBackend backend;
  test::Operator person(backend);
  const auto parsed = parse_configuration(test::commented, "");
  person.application.open(
      std::make_unique<TryPacket>(person.application, *parsed.configuration, "",
                                  PacketWords::example_of(parsed.configuration->policies[0].filter)));
  CHECK(person.sees("Policy: telnet"));
  person.press(KeyCode::down).press(KeyCode::down).press(KeyCode::down).press(KeyCode::down).type("4");  // port 234
  CHECK(person.sees("Policy: default"));
  CHECK(person.sees("remote port is 234, not 23"));
  person.press(KeyCode::backspace).press(Key::function(4));
  CHECK(person.sees("Policy: telnet"));
  CHECK(person.screen().row_text(person.find("Source address").row).find("10.1.0.2") != std::string::npos);
}
