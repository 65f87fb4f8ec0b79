#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "host.hpp"

using namespace ipsec9000;
using std::chrono::milliseconds;

namespace {

SaSpec esp(std::uint32_t spi) {
  SaSpec sa{ip("10.9.0.1"), ip("10.9.0.2"), Spi{spi}, SaProtocol::esp};
  sa.reqid = 7;
  sa.encryption = SaEncryption{"cbc(aes)", Secret(Bytes(16, 0x22)), 0};
  sa.authentication = SaAuthentication{"hmac(sha256)", Secret(Bytes(32, 0x11)), 128};
  return sa;
}

PolicySpec secure_udp() {
  PolicySpec policy{{prefix("10.9.0.1"), prefix("10.9.0.2"), IpProtocol::udp, {}, {}}};
  policy.priority = 4096;
  policy.templates = {{SaProtocol::esp, Mode::transport, 7}};
  return policy;
}

// One SA of each kind that our negotiations can end in.
std::vector<SaSpec> kinds() {
  std::vector<SaSpec> all;
  all.push_back(esp(0x1001));
  all.back().soft = {5000, 10, 100, 50};
  all.back().hard = {6000, 20, 200, 60};
  all.back().selector = KernelSelector::of({ip("10.9.0.1"), ip("10.9.0.2"), IpProtocol::tcp, 1024, 23});
  all.push_back(esp(0x1002));
  all.back().esn = true;
  all.back().replay_window = 128;
  all.push_back(esp(0x1003));
  all.back().encryption = SaEncryption{"rfc4106(gcm(aes))", Secret(Bytes(20, 0x33)), 128};
  all.back().authentication.reset();
  all.back().replay_window = 0;
  all.push_back(esp(0x1004));
  all.back().encapsulation = Encapsulation{4500, 1024};
  all.push_back(esp(0x1005));
  all.back().mode = Mode::tunnel;
  all.push_back(esp(0x1006));
  all.back().mode = Mode::tunnel;
  all.back().source = ip("fd00::1");
  all.back().destination = ip("fd00::2");
  all.back().selector = KernelSelector{prefix("10.5.0.0/16"), prefix("10.6.0.0/16"), {}, {}, {}};
  all.push_back(esp(0x1007));
  all.back().protocol = SaProtocol::ah;
  all.back().encryption.reset();
  all.back().replay_window = 33;
  all.push_back(esp(0x1008));
  all.back().encryption = SaEncryption{"ecb(cipher_null)", Secret(), 0};
  all.back().mark = Mark{3, 7};
  return all;
}

// Field by field: SaSpec has no comparison of its own, since it holds keys.
void check_same(const SaSpec& read, const SaSpec& written) {
  CHECK(read.id() == written.id());
  CHECK(read.source == written.source);
  CHECK(read.mode == written.mode);
  CHECK(read.reqid == written.reqid);
  CHECK(read.selector == written.selector);
  CHECK(read.soft == written.soft);
  CHECK(read.hard == written.hard);
  CHECK(read.replay_window == written.replay_window);
  CHECK(read.esn == written.esn);
  CHECK(read.encapsulation == written.encapsulation);
  CHECK(read.encryption.has_value() == written.encryption.has_value());
  if (read.encryption) {
    CHECK(read.encryption->algorithm == written.encryption->algorithm);
    CHECK(read.encryption->icv_bits == written.encryption->icv_bits);
    CHECK(equal_constant_time(read.encryption->key.view(), written.encryption->key.view()));
  }
  CHECK(read.authentication.has_value() == written.authentication.has_value());
  if (read.authentication) {
    CHECK(read.authentication->algorithm == written.authentication->algorithm);
    CHECK(read.authentication->truncation_bits == written.authentication->truncation_bits);
    CHECK(equal_constant_time(read.authentication->key.view(), written.authentication->key.view()));
  }
}

}  // namespace

TEST_CASE("the probe leaves nothing behind, and says why something is missing") {
  const Host host;
  const auto kernel = open_kernel();
  const auto found = kernel->probe();
  REQUIRE(found);
  CHECK(found->policies);
  CHECK_FALSE(found->release.empty());
  CHECK((found->esp && found->ah) == found->problems.empty());
  CHECK(kernel->dump_sas(Keys::leave_out)->empty());
  CHECK(kernel->dump_policies()->empty());
}

TEST_CASE("a refused SA is named in the error, with the kernel's reason") {
  const Host host;
  const auto kernel = open_kernel();
  auto sa = esp(0xc0de0001);
  sa.encryption->algorithm = "nonsense(aes)";
  const auto refused = kernel->add_sa(sa);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("adding SA esp c0de0001 10.9.0.1 -> 10.9.0.2 transport reqid 7: ") == 0);
  CHECK(refused.error().code != ErrorCode::already_exists);
  CHECK(kernel->dump_sas(Keys::leave_out)->empty());
}

TEST_CASE("the kernel gives SAs of every kind back as they were written") {
  const Host host;
  if (!has_esp("reading back SAs of every kind")) return;
  const auto kernel = open_kernel();
  const auto written = kinds();
  const auto failures = kernel->add_sas(written);
  for (const auto& failure : failures) UNSCOPED_INFO(failure.error.text);
  REQUIRE(failures.empty());
  for (const auto& sa : written) {
    CAPTURE(sa.to_string());
    const auto read = kernel->get_sa(sa.id(), Keys::include);
    REQUIRE(read);
    CHECK(read->condition == SaCondition::mature);
    check_same(read->spec, sa);
  }
  const auto dumped = kernel->dump_sas(Keys::leave_out);
  REQUIRE(dumped);
  CHECK(dumped->size() == written.size());
  for (const auto& state : *dumped)
    CHECK((state.spec.encryption ? state.spec.encryption->key.empty() : state.spec.authentication->key.empty()));
  std::vector<SaId> ids;
  for (const auto& sa : written) ids.push_back(sa.id());
  CHECK(kernel->delete_sas(ids).empty());
  CHECK(kernel->sad_info()->states == 0);
}

TEST_CASE("SAs are exclusive by id, and an SPI that was asked for is completed by an update") {
  const Host host;
  if (!has_esp("completing an SPI request")) return;
  const auto kernel = open_kernel();
  REQUIRE(kernel->add_sa(esp(0x1001)));
  CHECK(kernel->add_sa(esp(0x1001)).error().code == ErrorCode::already_exists);
  CHECK(kernel->update_sa(esp(0x1002)).error().code == ErrorCode::not_found);
  SpiRequest request{ip("10.9.0.1"), ip("10.9.0.2"), SaProtocol::esp};
  request.reqid = 7;
  const auto spi = kernel->allocate_spi(request);
  REQUIRE(spi);
  REQUIRE(kernel->update_sa(esp(static_cast<std::uint32_t>(*spi))));
  CHECK(kernel->get_sa({ip("10.9.0.2"), *spi, SaProtocol::esp}, Keys::leave_out)->condition == SaCondition::mature);
}

TEST_CASE("changes of SAs are heard without their keys, and ours told from those of others") {
  const Host host;
  if (!has_esp("events of SAs")) return;
  const auto kernel = open_kernel();
  const auto events = listen(*kernel, {EventGroup::sa});
  REQUIRE(kernel->add_sa(esp(0x1001)));
  auto changes = wait_for<SaChanged>(*events);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].change == Change::added);
  CHECK(changes[0].sender == kernel->port());
  CHECK(changes[0].sa.spec.encryption->algorithm == "cbc(aes)");
  CHECK(changes[0].sa.spec.encryption->key.empty());
  run("ip xfrm state delete src 10.9.0.1 dst 10.9.0.2 proto esp spi 0x1001");
  changes = wait_for<SaChanged>(*events);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].change == Change::deleted);
  CHECK(changes[0].sender != kernel->port());
  CHECK(changes[0].sa.spec.id() == esp(0x1001).id());
  run("ip xfrm state flush");  // an empty table is announced by newer kernels only
  REQUIRE(kernel->add_sa(esp(0x1002)));
  run("ip xfrm state flush");
  CHECK_FALSE(wait_for<Flushed>(*events).empty());
}

TEST_CASE("SAs expire by time, softly and for good") {
  const Host host;
  if (!has_esp("expiry by time")) return;
  const auto kernel = open_kernel();
  const auto events = listen(*kernel, {EventGroup::expire});
  auto sa = esp(0x1001);
  sa.soft.seconds = 1;
  sa.hard.seconds = 2;
  REQUIRE(kernel->add_sa(sa));
  auto expired = wait_for<Expire>(*events, milliseconds(5000));
  REQUIRE(expired.size() == 1);
  CHECK_FALSE(expired[0].hard);
  CHECK(expired[0].sa == sa.id());
  CHECK(expired[0].reqid == 7);
  expired = wait_for<Expire>(*events, milliseconds(5000));
  REQUIRE(expired.size() == 1);
  CHECK(expired[0].hard);
  CHECK(kernel->sad_info()->states == 0);
}

TEST_CASE("SAs expire by bytes, and count them") {
  const Host host;
  if (!has_esp("expiry by bytes")) return;
  const auto kernel = open_kernel();
  const auto events = listen(*kernel, {EventGroup::expire});
  REQUIRE(kernel->add_policy(secure_udp()));
  auto sa = esp(0x1001);
  sa.soft.bytes = 5000;
  sa.hard.bytes = 20000;
  REQUIRE(kernel->add_sa(sa));
  const auto socket = udp_socket("10.9.0.1", 1024);
  CHECK(send_packet(socket, "10.9.0.2", 23, 1000) == 0);
  const auto used = kernel->get_sa(sa.id(), Keys::leave_out);
  REQUIRE(used);
  CHECK(used->current.packets == 1);
  CHECK(used->current.bytes >= 1000);
  CHECK(used->replay.sent == 1);
  for (int i = 0; i < 6; ++i) send_packet(socket, "10.9.0.2", 23, 1000);
  const auto soft = wait_for<Expire>(*events);
  REQUIRE_FALSE(soft.empty());
  CHECK_FALSE(soft[0].hard);
  CHECK(soft[0].current.bytes >= 5000);
  for (int i = 0; i < 20; ++i) send_packet(socket, "10.9.0.2", 23, 1000);
  const auto hard = wait_for<Expire>(*events);
  REQUIRE_FALSE(hard.empty());
  CHECK(hard.back().hard);
}

TEST_CASE("an SA answers an acquire, and both ends then talk under ESP") {
  const Host here;
  if (!has_esp("traffic between two hosts")) return;
  const auto kernel = open_kernel();
  const auto events = listen(*kernel, {EventGroup::acquire});
  REQUIRE(kernel->add_policy(secure_udp()));
  const auto there = here.connected_host();
  const auto peer = open_kernel();
  auto inbound = secure_udp();
  inbound.direction = PolicyDirection::in;
  REQUIRE(peer->add_policy(inbound));
  REQUIRE(peer->add_sa(esp(0x1001)));
  const auto receiver = udp_socket("10.9.0.2", 23);
  here.enter();
  const auto socket = udp_socket("10.9.0.1", 1024);
  send_packet(socket, "10.9.0.2", 23);
  const auto asked = wait_for<Acquire>(*events);
  REQUIRE(asked.size() == 1);
  auto sa = esp(0x1001);
  sa.acquire_sequence = asked[0].sequence;
  REQUIRE(kernel->add_sa(sa));
  CHECK(kernel->sad_info()->states == 1);  // the larval one is gone
  CHECK(send_packet(socket, "10.9.0.2", 23) == 0);
  wait_readable(receiver.get(), milliseconds(2000));
  std::array<char, 64> content{};
  CHECK(::read(receiver.get(), content.data(), content.size()) == 8);
  CHECK(peer->get_sa(esp(0x1001).id(), Keys::leave_out)->replay.received == 1);
}

TEST_CASE("a peer whose NAT has moved it is told with its old and its new address") {
  const Host here;
  if (!has_esp("a moved peer")) return;
  auto sa = esp(0x1001);
  sa.encapsulation = Encapsulation{4501, 4500};
  const auto kernel = open_kernel();
  REQUIRE(kernel->add_policy(secure_udp()));
  REQUIRE(kernel->add_sa(sa));
  const auto there = here.connected_host();
  const auto peer = open_kernel();
  const auto events = listen(*peer, {EventGroup::mapping});
  sa.encapsulation = Encapsulation{4500, 4500};
  REQUIRE(peer->add_sa(sa));
  const auto ike = udp_socket("10.9.0.2", 4500);
  REQUIRE(peer->set_socket_bypass(ike.get(), Family::ipv4));
  REQUIRE(peer->enable_udp_encapsulation(ike.get()));
  here.enter();
  const auto ours = udp_socket("10.9.0.1", 4501);
  REQUIRE(kernel->enable_udp_encapsulation(ours.get()));
  CHECK(send_packet(udp_socket("10.9.0.1", 1024), "10.9.0.2", 23) == 0);
  const auto moved = wait_for<Mapping>(*events);
  REQUIRE(moved.size() == 1);
  CHECK(moved[0].sa == sa.id());
  CHECK(moved[0].reqid == 7);
  CHECK(moved[0].old_source == Endpoint{ip("10.9.0.1"), 4500});
  CHECK(moved[0].new_source == Endpoint{ip("10.9.0.1"), 4501});
}

TEST_CASE("the SAs are read in pieces, each once, and requests between the pieces disturb nothing") {
  const Host host;
  if (!has_esp("reading the SAs in pieces")) return;
  constexpr std::uint32_t first = 0x2000;
  constexpr std::uint32_t many = 500;
  const auto kernel = open_kernel();
  std::vector<SaSpec> all;
  for (std::uint32_t n = 0; n < many; ++n) all.push_back(esp(first + n));
  REQUIRE(kernel->add_sas(all).empty());
  const auto dump = kernel->open_sa_dump();
  REQUIRE(dump);
  std::map<Spi, int> seen;
  std::size_t largest = 0;
  for (std::uint32_t piece = 0; piece < many; ++piece) {
    const auto some = (*dump)->next();
    REQUIRE(some);
    if (some->empty()) break;
    largest = std::max(largest, some->size());
    for (const auto& state : *some) {
      ++seen[state.spec.spi];
      CHECK(state.spec.encryption->key.empty());
    }
    CHECK(kernel->dump_sas(Keys::leave_out)->size() == many + piece);
    REQUIRE(kernel->add_sa(esp(first + many + piece)));  // another one comes meanwhile
  }
  CHECK(largest < many / 2);
  for (const auto& sa : all) CHECK(seen[sa.spi] == 1);
  CHECK((*dump)->next()->empty());
}
