#include "ike/nat_traversal.hpp"

#include <catch2/catch.hpp>

#include "support/ike_network.hpp"

using namespace ipsec9000;
using namespace ipsec9000::ike;
using namespace ipsec9000::test;

namespace {
constexpr auto inside = "10.1.0.1";
constexpr auto outside = "192.0.2.1";

IpAddress address(const char* text) { return *IpAddress::parse(text); }

// Host a is behind address translation; b sees it as 192.0.2.1 and has to know its identity.
struct BehindNat : TwoHosts {
  explicit BehindNat(std::uint64_t seed = 1) : TwoHosts(seed) {
    network.nat.emplace(outside, std::vector{address(inside)});
    b.keys[address(outside)] = b.keys[a.address];
    auto policy = usual_isakmp_policy();
    policy.remote_id = Identity::of(a.address);
    b.engine.configure({policy});
  }
  // The SA of a host in that direction.
  static const SaInstall& sa(const Host& host, Direction direction) {
    for (const auto& [key, sa] : host.installed)
      if (sa.direction == direction) return sa;
    throw std::runtime_error("no SA");
  }
};

std::size_t keepalives(const Network& network, const Host& from) {
  return static_cast<std::size_t>(std::count_if(network.sent.begin(), network.sent.end(), [&](const auto& datagram) {
    return datagram.local.address == from.address && is_keepalive(datagram.bytes);
  }));
}
}  // namespace

TEST_CASE("the hash of NAT discovery is over cookies, address and port") {
  const wire::Cookies cookies{wire::Cookie{0x0102030405060708}, wire::Cookie{0x1112131415161718}};
  const Endpoint end{address("10.1.0.1"), 500};
  // SHA-256 over 0102030405060708 1112131415161718 0a010001 01f4, computed with openssl dgst
  CHECK(to_hex(nat_discovery_hash(HashAlgorithm::sha256, cookies, end)) ==
        "9def98f3321a0f436513bfe9387ef85f5521a1118f7b916e8914e36a0439fe7f");
  CHECK(nat_discovery_hash(HashAlgorithm::sha1, cookies, end).size() == 20);
}

TEST_CASE("what NAT-D payloads show") {
  const wire::Cookies cookies{wire::Cookie{1}, wire::Cookie{2}};
  const Endpoint local{address("10.1.0.1"), 500};
  const Endpoint remote{address("10.2.0.2"), 500};
  const Endpoint other{address("10.2.0.3"), 500};
  const auto hash = [&](const Endpoint& end) { return nat_discovery_hash(HashAlgorithm::sha1, cookies, end); };
  const struct {
    const char* what;
    std::vector<Bytes> received;
    NatFound found;
  } cases[] = {
      {"both as they are", {hash(local), hash(remote)}, {false, false}},
      {"ours is translated", {hash(other), hash(remote)}, {true, false}},
      {"the peer's is translated", {hash(local), hash(other)}, {false, true}},
      {"both are", {hash(other), hash(other)}, {true, true}},
      {"one of the peer's several addresses fits", {hash(local), hash(other), hash(remote)}, {false, false}},
      {"another port only", {hash({local.address, 4500}), hash(remote)}, {true, false}},
      {"one payload proves nothing", {hash(other)}, {false, false}},
      {"none", {}, {false, false}},
      {"garbage", {Bytes{}, Bytes(20)}, {true, true}},
  };
  for (const auto& test : cases) {
    CAPTURE(test.what);
    CHECK(find_nat(HashAlgorithm::sha1, cookies, test.received, local, remote) == test.found);
  }
}

TEST_CASE("only port 4500 has a marker, and demands it") {
  const Bytes message{1, 2, 3};
  CHECK(frame(500, message) == message);
  CHECK(frame(4500, message) == Bytes{0, 0, 0, 0, 1, 2, 3});
  CHECK(to_bytes(*unframe(500, message)) == message);
  CHECK(to_bytes(*unframe(4500, frame(4500, message))) == message);
  CHECK_FALSE(unframe(4500, message));
  CHECK_FALSE(unframe(4500, Bytes{0, 0, 0}));
  CHECK_FALSE(unframe(4500, Bytes{0, 0, 0, 1, 5}));
}

TEST_CASE("without translation all stays on port 500 and ESP is direct") {
  TwoHosts hosts;
  hosts.start();
  hosts.network.settle();
  REQUIRE(hosts.connected());
  for (const auto& sent : hosts.network.sent) CHECK((sent.local.port == 500 && sent.remote.port == 500));
  CHECK_FALSE(hosts.a.installed.begin()->second.udp);
  hosts.network.advance(seconds(60));
  CHECK(keepalives(hosts.network, hosts.a) == 0);
  CHECK_FALSE(hosts.a.has_audit("nat-found"));
}

TEST_CASE("a host behind translation changes to port 4500, and ESP goes in UDP") {
  BehindNat hosts;
  hosts.start();
  hosts.network.settle();
  REQUIRE(hosts.connected_through_nat());
  CHECK(hosts.a.audit_text("nat-found").find("on our side") != std::string::npos);
  CHECK(hosts.b.audit_text("nat-found").find("the peer's") != std::string::npos);
  std::size_t on_4500 = 0;
  for (const auto& sent : hosts.network.sent) on_4500 += sent.local.port == 4500 ? 1 : 0;
  CHECK(on_4500 == 5);  // Main Mode's last two, Quick Mode's three
  const auto& out = BehindNat::sa(hosts.b, Direction::out);
  CHECK(out.key.destination == address(outside));
  CHECK(out.selector.destination == Prefix(address(outside)));
  REQUIRE(out.udp);
  CHECK(out.udp->source == 4500);
  CHECK(out.udp->destination == 20'002);  // the second port that the router gave
  CHECK(BehindNat::sa(hosts.b, Direction::in).udp == UdpPorts{20'002, 4500});
  CHECK(BehindNat::sa(hosts.a, Direction::out).udp == UdpPorts{4500, 4500});
  CHECK(BehindNat::sa(hosts.a, Direction::out).selector.source == Prefix(address(inside)));
}

TEST_CASE("tunnel mode through translation keeps the addresses inside") {
  BehindNat hosts;
  auto protection = usual_protection(hosts.a, hosts.b);
  protection.mode = Mode::tunnel;
  hosts.a.engine.acquire(protection, hosts.network.now);
  hosts.network.settle();
  REQUIRE(hosts.connected_through_nat());
  const auto& out = BehindNat::sa(hosts.b, Direction::out);
  CHECK(out.mode == Mode::tunnel);
  CHECK(out.key.destination == address(outside));
  CHECK(out.selector.destination == Prefix(address(inside)));
  CHECK(out.udp);
}

TEST_CASE("the side behind translation sends a keepalive every 20 seconds, as long as there are SAs") {
  BehindNat hosts;
  hosts.start();
  hosts.network.settle();
  hosts.network.advance(seconds(101));
  CHECK(keepalives(hosts.network, hosts.a) == 5);
  CHECK(keepalives(hosts.network, hosts.b) == 0);
  hosts.a.engine.delete_peer(hosts.b.address, hosts.network.now);
  hosts.network.advance(seconds(60));
  CHECK(keepalives(hosts.network, hosts.a) == 5);
  CHECK(hosts.b.sas.empty());  // the Delete found its way
}

TEST_CASE("the responder may be the one behind translation") {
  TwoHosts hosts;
  hosts.network.nat.emplace(outside, std::vector{hosts.b.address});
  hosts.network.nat->forward(500, hosts.b.address);
  hosts.network.nat->forward(4500, hosts.b.address);
  hosts.a.keys[address(outside)] = hosts.a.keys[hosts.b.address];
  auto policy = usual_isakmp_policy();
  policy.remote_id = Identity::of(hosts.b.address);
  hosts.a.engine.configure({policy});
  auto protection = usual_protection(hosts.a, hosts.b);
  protection.remote = address(outside);
  protection.selector.destination = Prefix(address(outside));
  hosts.a.engine.acquire(protection, hosts.network.now);
  hosts.network.settle();
  REQUIRE(hosts.connected_through_nat());
  CHECK(BehindNat::sa(hosts.b, Direction::in).selector.destination == Prefix(hosts.b.address));
  hosts.network.advance(seconds(21));
  CHECK(keepalives(hosts.network, hosts.b) == 1);
}

TEST_CASE("an authenticated message from another port moves the peer, and its SAs") {
  BehindNat hosts;
  hosts.start();
  hosts.network.settle();
  hosts.network.nat->forget();
  auto second = usual_protection(hosts.a, hosts.b);
  second.selector.protocol = IpProtocol::udp;
  hosts.a.engine.acquire(second, hosts.network.now);
  hosts.network.settle();
  CHECK(hosts.b.has_audit("peer-moved"));
  REQUIRE(hosts.b.installed.size() == 4);
  for (const auto& [key, sa] : hosts.b.installed)
    CHECK((sa.direction == Direction::out ? sa.udp->destination : sa.udp->source) == 20'003);
  CHECK(hosts.connected_through_nat());
}

TEST_CASE("a peer with another address goes on with its ISAKMP SA and negotiates its SAs anew") {
  BehindNat hosts;
  hosts.start();
  hosts.network.settle();
  hosts.network.nat->forget();
  hosts.network.nat->move("192.0.2.99");
  hosts.b.keys[address("192.0.2.99")] = hosts.b.keys[hosts.a.address];
  auto second = usual_protection(hosts.a, hosts.b);
  second.selector.protocol = IpProtocol::udp;
  hosts.a.engine.acquire(second, hosts.network.now);
  hosts.network.settle();
  CHECK(hosts.b.audit_text("peer-moved").find("192.0.2.99") != std::string::npos);
  CHECK(hosts.b.engine.isakmp_sas(hosts.network.now)[0].remote == "192.0.2.99");
  hosts.a.engine.acquire(usual_protection(hosts.a, hosts.b), hosts.network.now);
  hosts.network.settle();
  for (const auto& [key, sa] : hosts.b.installed) {
    CHECK(key.source != address(outside));
    CHECK(key.destination != address(outside));
  }
  CHECK(hosts.connected_through_nat());
}

TEST_CASE("nobody moves a peer with a message that is repeated, damaged or in clear") {
  BehindNat hosts;
  hosts.start();
  hosts.network.settle();
  const auto before = BehindNat::sa(hosts.b, Direction::out).udp;
  const auto sent = hosts.network.sent;
  for (const auto& datagram : sent) {
    if (datagram.local.address != hosts.a.address || datagram.local.port != 4500) continue;
    for (const std::size_t damage : {std::size_t{0}, datagram.bytes.size() - 1}) {
      auto bytes = datagram.bytes;
      if (damage != 0) bytes[damage] ^= 1;
      for (const auto& from : {Endpoint{address(outside), 666}, Endpoint{address("203.0.113.5"), 4500}}) {
        hosts.b.engine.receive({{hosts.b.address, 4500}, from, bytes}, hosts.network.now);
        hosts.network.settle();
      }
    }
  }
  CHECK_FALSE(hosts.b.has_audit("peer-moved"));
  CHECK(BehindNat::sa(hosts.b, Direction::out).udp == before);
  CHECK(hosts.b.engine.isakmp_sas(hosts.network.now)[0].remote == outside);
}

TEST_CASE("the kernel's word that packets come from another port moves the SAs; another address does not") {
  BehindNat hosts;
  hosts.start();
  hosts.network.settle();
  const auto key = BehindNat::sa(hosts.b, Direction::in).key;
  hosts.b.engine.peer_moved(key, {address("203.0.113.5"), 7}, hosts.network.now);
  hosts.network.settle();
  CHECK_FALSE(hosts.b.has_audit("peer-moved"));
  hosts.b.engine.peer_moved(key, {address(outside), 7}, hosts.network.now);
  hosts.network.settle();
  CHECK(BehindNat::sa(hosts.b, Direction::in).udp == UdpPorts{7, 4500});
  CHECK(BehindNat::sa(hosts.b, Direction::out).udp == UdpPorts{4500, 7});
}

TEST_CASE("AH does not go through translation, and the record says why") {
  BehindNat hosts;
  auto protection = usual_protection(hosts.a, hosts.b);
  protection.transforms = {*Transform::parse("AH-SHA256")};
  hosts.a.engine.acquire(protection, hosts.network.now);
  hosts.network.settle();
  CHECK(hosts.a.sas.empty());
  REQUIRE_FALSE(hosts.a.failures.empty());
  CHECK(hosts.a.failures[0].reason == "ah-through-nat");
  SECTION("where there is a transform without AH, that one is taken") {
    protection.transforms.push_back(*Transform::parse("ESP-AES128-HMAC-SHA256"));
    hosts.a.engine.acquire(protection, hosts.network.now);
    hosts.network.settle();
    CHECK(hosts.connected_through_nat());
  }
}

TEST_CASE("the peer behind translation is asked to renew SAs where it is, not at port 500") {
  BehindNat hosts;
  hosts.start();
  hosts.network.settle();
  const auto first = hosts.b.installed.begin()->second.key;
  hosts.network.advance(seconds(100));
  const auto in = BehindNat::sa(hosts.b, Direction::in).key;
  // The ISAKMP SA is lost at b: it has to begin phase 1 itself.
  hosts.network.advance(seconds(28'801));
  hosts.network.sent.clear();
  hosts.b.engine.sa_expired(in, false, hosts.network.now);
  hosts.network.settle();
  REQUIRE_FALSE(hosts.network.sent.empty());
  const auto& sent = hosts.network.sent.front();
  CHECK(sent.local == Endpoint{hosts.b.address, 4500});
  CHECK(sent.remote == Endpoint{address(outside), 20'002});
  (void)first;
}

TEST_CASE("INITIAL-CONTACT behind translation is for the peer's own SAs, not for its neighbour's") {
  Network network;
  auto& a = network.add("a", "10.1.0.1");
  auto& c = network.add("c", "10.1.0.3");
  auto& b = network.add("b", "10.2.0.2");
  network.nat.emplace(outside, std::vector{a.address, c.address});
  b.keys[address(outside)] = b.keys[a.address];
  auto policy = usual_isakmp_policy();
  for (auto* host : {&a, &c}) {
    policy.remote_id = Identity::of(host->address);
    b.engine.configure({policy});
    auto protection = usual_protection(*host, b);
    protection.mode = Mode::tunnel;
    host->engine.acquire(protection, network.now);
    network.settle();
    network.advance(seconds(1));
  }
  CHECK(a.sas.size() == 2);
  CHECK(c.sas.size() == 2);
  CHECK(b.sas.size() == 4);
  CHECK(b.engine.isakmp_sas(network.now).size() == 2);
}
