#include "xfrm/types.hpp"

#include <functional>

#include "messages.hpp"

using namespace ipsec9000;

namespace {

KernelSelector telnet_selector() {
  return {prefix("10.1.0.1"), prefix("10.1.0.0/24"), IpProtocol::tcp, PortMask{0x400, 0xfc00}, PortMask::one(23)};
}

PolicySpec tunnel_policy() {
  PolicySpec policy{telnet_selector()};
  policy.templates = {{SaProtocol::esp, Mode::tunnel, 7, TunnelEndpoints{ip("fd00::1"), ip("fd00::2")}}};
  return policy;
}

SaSpec esp_between() {
  SaSpec sa{ip("10.1.0.1"), ip("10.1.0.2"), Spi{0xc0de}, SaProtocol::esp};
  sa.encryption = SaEncryption{"cbc(aes)", Secret(Bytes(16, 1)), 0};
  sa.authentication = SaAuthentication{"hmac(sha256)", Secret(Bytes(32, 2)), 128};
  return sa;
}

}  // namespace

TEST_CASE("a selector matches by prefix, protocol and the bits under the port masks") {
  const Flow flow{ip("10.1.0.1"), ip("10.1.0.77"), IpProtocol::tcp, 1500, 23};
  CHECK(telnet_selector().matches(flow));
  struct Row {
    const char* what;
    std::function<void(Flow&)> change;
  };
  for (const auto& row : {Row{"other source", [](Flow& f) { f.source = ip("10.1.0.2"); }},
                          Row{"outside the prefix", [](Flow& f) { f.destination = ip("10.1.1.1"); }},
                          Row{"other protocol", [](Flow& f) { f.protocol = IpProtocol::udp; }},
                          Row{"below the block of ports", [](Flow& f) { f.source_port = 1023; }},
                          Row{"above the block of ports", [](Flow& f) { f.source_port = 2048; }},
                          Row{"other port", [](Flow& f) { f.destination_port = 24; }},
                          Row{"other family", [](Flow& f) { f.source = f.destination = ip("fd00::1"); }}}) {
    auto other = flow;
    row.change(other);
    CAPTURE(row.what);
    CHECK_FALSE(telnet_selector().matches(other));
  }
  CHECK(KernelSelector::any(Family::ipv4).matches(flow));
  CHECK_FALSE(KernelSelector::any(Family::ipv6).matches(flow));
}

TEST_CASE("the selector of a flow holds its ports where the protocol has some") {
  const Flow ping{ip("fd00::1"), ip("fd00::2"), IpProtocol::icmpv6, 128, 0};
  CHECK(KernelSelector::of(ping).source_port == PortMask::one(128));
  CHECK(KernelSelector::of(ping).matches(ping));
  const Flow gre{ip("10.1.0.1"), ip("10.1.0.2"), static_cast<IpProtocol>(47), 0, 0};
  CHECK(KernelSelector::of(gre).source_port == PortMask::any());
}

TEST_CASE("what is shown names direction, addresses, ports and SPI") {
  CHECK(telnet_selector().to_string() == "10.1.0.1 port 1024/fc00 -> 10.1.0.0/24 tcp 23");
  CHECK(KernelSelector::of({ip("10.1.0.1"), ip("10.1.0.2"), IpProtocol::icmp, 8, 0}).to_string() ==
        "10.1.0.1 -> 10.1.0.2 icmp type 8 code 0");
  CHECK(tunnel_policy().to_string() == "out 10.1.0.1 port 1024/fc00 -> 10.1.0.0/24 tcp 23, priority 0");
  CHECK(esp_between().to_string() == "esp 0000c0de 10.1.0.1 -> 10.1.0.2 transport reqid 0");
  CHECK(esp_between().id().to_string() == "esp 0000c0de to 10.1.0.2");
  CHECK(to_string(static_cast<SaProtocol>(108)) == "108");
  CHECK(to_string(static_cast<Mode>(4)) == "4");
  CHECK(to_string(PolicyDirection::socket_out) == "socket out");
}

TEST_CASE("two policies are one to the kernel by selector, direction, owner, mark and interface alone") {
  const auto policy = tunnel_policy();
  auto other = policy;
  other.priority = 5;
  other.action = PolicyAction::block;
  other.templates.clear();
  CHECK(policy.key() == other.key());
  CHECK(policy != other);
  other.owner = 1;
  CHECK(policy.key() != other.key());
}

TEST_CASE("a policy that the kernel's structures cannot hold is refused") {
  CHECK(check(tunnel_policy()));
  struct Row {
    const char* what;
    std::function<void(PolicySpec&)> spoil;
  };
  for (const auto& row : {
           Row{"mixed families", [](PolicySpec& p) { p.selector.source = prefix("fd00::1"); }},
           Row{"a socket's direction", [](PolicySpec& p) { p.direction = PolicyDirection::socket_in; }},
           Row{"no such action", [](PolicySpec& p) { p.action = static_cast<PolicyAction>(2); }},
           Row{"too many templates", [](PolicySpec& p) { p.templates.resize(7); }},
           Row{"a tunnel without ends", [](PolicySpec& p) { p.templates[0].endpoints.reset(); }},
           Row{"a tunnel of mixed families", [](PolicySpec& p) { p.templates[0].endpoints->source = ip("1.2.3.4"); }},
           Row{"a protocol of others", [](PolicySpec& p) { p.templates[0].protocol = static_cast<SaProtocol>(108); }},
           Row{"a mode of others", [](PolicySpec& p) { p.templates[0].mode = static_cast<Mode>(4); }},
       }) {
    auto policy = tunnel_policy();
    row.spoil(policy);
    CAPTURE(row.what);
    const auto done = check(policy);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == ErrorCode::invalid_input);
  }
}

TEST_CASE("an SA that the kernel's structures cannot hold is refused") {
  CHECK(check(esp_between()));
  struct Row {
    const char* what;
    std::function<void(SaSpec&)> spoil;
  };
  for (const auto& row : {
           Row{"mixed families", [](SaSpec& s) { s.source = ip("fd00::1"); }},
           Row{"mixed families in the selector",
               [](SaSpec& s) {
                 s.selector = KernelSelector{prefix("fd00::1"), prefix("10.0.0.0/8"), {}, {}, {}};
               }},
           Row{"no SPI", [](SaSpec& s) { s.spi = Spi{0}; }},
           Row{"no algorithm", [](SaSpec& s) { s.encryption.reset(); }},
           Row{"an algorithm without a name", [](SaSpec& s) { s.encryption->algorithm.clear(); }},
           Row{"a name too long", [](SaSpec& s) { s.encryption->algorithm = std::string(64, 'a'); }},
           Row{"a name with a zero in it", [](SaSpec& s) { s.encryption->algorithm = std::string("a\0b", 3); }},
           Row{"an endless key", [](SaSpec& s) { s.authentication->key = Secret(Bytes(513, 1)); }},
           Row{"AEAD with authentication", [](SaSpec& s) { s.encryption->icv_bits = 128; }},
           Row{"AH with encryption", [](SaSpec& s) { s.protocol = SaProtocol::ah; }},
           Row{"AH without authentication",
               [](SaSpec& s) { s.protocol = SaProtocol::ah, s.encryption.reset(), s.authentication.reset(); }},
           Row{"AH in UDP",
               [](SaSpec& s) { s.protocol = SaProtocol::ah, s.encryption.reset(), s.encapsulation = Encapsulation{}; }},
           Row{"too wide a window", [](SaSpec& s) { s.replay_window = 4097; }},
           Row{"ESN without a window", [](SaSpec& s) { s.esn = true, s.replay_window = 0; }},
       }) {
    auto sa = esp_between();
    row.spoil(sa);
    CAPTURE(row.what);
    CHECK_FALSE(check(sa));
  }
}

TEST_CASE("an SPI is asked for from a range without 0") {
  CHECK(check(SpiRequest{ip("10.1.0.1"), ip("10.1.0.2")}));
  CHECK_FALSE(check(SpiRequest{ip("10.1.0.1"), ip("fd00::2")}));
  SpiRequest range{ip("10.1.0.1"), ip("10.1.0.2")};
  range.first = Spi{0};
  CHECK_FALSE(check(range));
  range.first = Spi{5};
  range.last = Spi{4};
  CHECK_FALSE(check(range));
}

TEST_CASE("a cloned SA has the same keys") {
  const auto copy = esp_between().clone();
  REQUIRE(copy.encryption);
  CHECK(to_hex(copy.encryption->key.view()) == to_hex(Bytes(16, 1)));
  CHECK(copy.authentication->truncation_bits == 128);
  CHECK(copy.id() == esp_between().id());
}
