#include "ike/fragments.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "support/ike_network.hpp"
#include "wire/vendor_ids.hpp"

using namespace ipsec9000;
using namespace ipsec9000::ike;
using namespace ipsec9000::test;

namespace {
wire::Fragment part(std::uint16_t id, std::uint8_t number, const Bytes& value, bool last = false) {
  return {id, number, last ? std::uint8_t{1} : std::uint8_t{0}, value};
}
const Bytes one{1}, two{2}, three{3};

Bytes message_of(std::size_t size) {
  wire::Header header;
  header.cookies = {wire::Cookie{1}, wire::Cookie{2}};
  header.exchange = wire::ExchangeType::quick_mode;
  header.flags = wire::flags::encryption;
  header.message_id = 7;
  Bytes body(size - wire::header_size);
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<std::uint8_t>(i);
  return wire::encode_message(header, wire::PayloadType::hash, body);
}

wire::Fragment fragment_in(const Bytes& message) {
  const auto chain = wire::decode_chain(wire::PayloadType::fragment, ByteView(message).subspan(wire::header_size));
  return *chain->only<wire::Fragment>();
}

bool is_fragment(const Datagram& datagram) {
  const auto header = wire::decode_header(*unframe(datagram.local.port, datagram.bytes));
  return header && header->next_payload == wire::PayloadType::fragment;
}

std::size_t fragments_sent(const Network& network) {
  return static_cast<std::size_t>(std::count_if(network.sent.begin(), network.sent.end(), is_fragment));
}

constexpr std::size_t small = 184;  // message 2 of Main Mode, which cannot be fragmented, just fits
Limits small_fragments() {
  Limits limits;
  limits.unfragmented = small;
  return limits;
}
}  // namespace

TEST_CASE("a message is cut into fragments of at most that size, and is the same when put together") {
  for (const std::size_t size : {small + 1, std::size_t{300}, std::size_t{1200}, std::size_t{5000}}) {
    CAPTURE(size);
    const auto message = message_of(size);
    const auto fragments = fragmented(message, 3, small);
    CHECK(fragments.size() >= 2);
    Reassembly reassembly;
    for (std::size_t i = 0; i < fragments.size(); ++i) {
      CHECK(fragments[i].size() <= small);
      const auto header = wire::decode_header(fragments[i]);
      REQUIRE(header);
      CHECK_FALSE(header->encrypted());
      CHECK(header->message_id == 7);
      const auto added = reassembly.add(fragment_in(fragments[i]));
      REQUIRE(added);
      REQUIRE(added->has_value() == (i + 1 == fragments.size()));
      if (*added) CHECK(**added == message);
    }
    CHECK(reassembly.size() == 0);
  }
}

TEST_CASE("more than 255 fragments are not made") {
  const auto message = message_of(40'000);
  CHECK(fragmented(message, 1, small) == std::vector<Bytes>{message});
}

TEST_CASE("fragments in every shape") {
  const Bytes large(largest_reassembled / 2 + 1);
  enum class End { complete, waiting, refused };
  const struct {
    const char* what;
    std::vector<wire::Fragment> given;
    End end;
  } cases[] = {
      {"in order", {part(1, 1, one), part(1, 2, two), part(1, 3, three, true)}, End::complete},
      {"reversed", {part(1, 3, three, true), part(1, 2, two), part(1, 1, one)}, End::complete},
      {"the last one in the middle", {part(1, 1, one), part(1, 3, three, true), part(1, 2, two)}, End::complete},
      {"repeated",
       {part(1, 1, one), part(1, 1, one), part(1, 2, two), part(1, 2, two), part(1, 3, three, true)},
       End::complete},
      {"behind the beginning of another message",
       {part(9, 1, three), part(1, 1, one), part(1, 2, two), part(1, 3, three, true)},
       End::complete},
      {"the first missing", {part(1, 2, two), part(1, 3, three, true)}, End::waiting},
      {"one in the middle missing", {part(1, 1, one), part(1, 3, three, true)}, End::waiting},
      {"the last missing", {part(1, 1, one), part(1, 2, two)}, End::waiting},
      {"of two messages", {part(1, 1, one), part(2, 2, two), part(1, 3, three, true)}, End::waiting},
      {"number 0", {part(1, 0, one)}, End::refused},
      {"empty", {part(1, 1, Bytes{})}, End::refused},
      {"one with another content", {part(1, 1, one), part(1, 1, two)}, End::refused},
      {"overlapping: one number longer than before", {part(1, 1, one), part(1, 1, Bytes{1, 2})}, End::refused},
      {"behind the last", {part(1, 2, two, true), part(1, 3, three)}, End::refused},
      {"two last ones", {part(1, 2, two, true), part(1, 1, one, true)}, End::refused},
      {"a last one before others", {part(1, 3, three), part(1, 2, two, true)}, End::refused},
      {"a number too high", {part(1, most_fragments + 1, one)}, End::refused},
      {"too much", {part(1, 1, large), part(1, 2, large)}, End::refused},
  };
  for (const auto& test : cases) {
    CAPTURE(test.what);
    Reassembly reassembly;
    auto end = End::waiting;
    for (const auto& fragment : test.given) {
      CHECK(end == End::waiting);
      const auto added = reassembly.add(fragment);
      CHECK(reassembly.size() <= largest_reassembled);
      end = !added ? End::refused : *added ? End::complete : End::waiting;
      if (added && *added) CHECK(**added == Bytes{1, 2, 3});
    }
    CHECK(end == test.end);
    if (end != End::waiting) CHECK(reassembly.size() == 0);
  }
}

TEST_CASE("negotiations in fragments succeed, whatever way the fragments come") {
  const auto shape = GENERATE(0, 1, 2, 3);
  TwoHosts hosts(5, small_fragments());
  std::mt19937 random(7);
  hosts.network.wire = [&](std::size_t number, const Datagram& sent) {
    std::vector<std::pair<Duration, Bytes>> arrivals{{Duration(5), sent.bytes}};
    if (shape == 1) arrivals[0].first = Duration(200 - number);      // the later, the sooner
    if (shape == 2) arrivals.emplace_back(Duration(9), sent.bytes);  // twice
    if (shape == 3 && random() % 5 == 0) arrivals.clear();           // one in five lost
    return arrivals;
  };
  for (int tries = 0; tries < 5 && !hosts.connected(); ++tries) {
    hosts.start();
    hosts.network.advance(seconds(40));
  }
  CHECK(hosts.connected());
  CHECK(fragments_sent(hosts.network) >= 4);
}

TEST_CASE("nothing is cut as long as it is short, nor for a peer that has not announced fragments") {
  SECTION("short") {
    TwoHosts hosts;
    hosts.start();
    hosts.network.settle();
    CHECK(hosts.connected());
    CHECK(fragments_sent(hosts.network) == 0);
  }
  SECTION("not announced") {
    TwoHosts hosts(1, small_fragments());
    hosts.network.wire = [](std::size_t number, const Datagram& sent) {
      auto bytes = sent.bytes;
      const auto id = wire::vendor_id_of(wire::Feature::fragmentation);
      const auto at = std::search(bytes.begin(), bytes.end(), id.begin(), id.end());
      if (number == 0 && at != bytes.end()) *at ^= 1;
      return std::vector<std::pair<Duration, Bytes>>{{Duration(5), bytes}};
    };
    hosts.start();
    hosts.network.settle();
    CHECK(hosts.connected());
    CHECK(fragments_sent(hosts.network) == 0);
  }
}

TEST_CASE("bad fragments for a live ISAKMP SA are recorded and change nothing") {
  TwoHosts hosts(1, small_fragments());
  hosts.start();
  hosts.network.settle();
  REQUIRE(hosts.connected());
  auto header = *wire::decode_header(hosts.network.sent.back().bytes);
  header.flags = 0;
  const auto sas = hosts.b.sas;
  const auto whole = message_of(100);                           // of another ISAKMP SA
  const auto inner = fragmented(message_of(300), 1, small)[0];  // a fragment again
  const std::vector<std::vector<wire::Payload>> messages{
      {part(1, 0, one)},
      {part(1, 1, one), part(1, 2, two, true)},
      {part(2, 1, Bytes{1, 2, 3}, true)},
      {part(3, 1, whole, true)},
      {part(4, 1, inner, true)},
  };
  for (const auto& payloads : messages) {
    hosts.b.records.clear();
    hosts.b.engine.receive({{hosts.b.address, 500}, {hosts.a.address, 500}, wire::encode_message(header, payloads)},
                           hosts.network.now);
    hosts.network.settle();
    CHECK(hosts.b.has_audit("bad-packet"));
    CHECK(hosts.b.sas == sas);
  }
  SECTION("a fragment nobody asked for meets no ISAKMP SA") {
    header.cookies.responder = wire::Cookie{};
    hosts.b.records.clear();
    hosts.b.engine.receive(
        {{hosts.b.address, 500}, {hosts.a.address, 500}, wire::encode_message(header, {part(1, 1, one, true)})},
        hosts.network.now);
    hosts.network.settle();
    CHECK(hosts.b.records.size() == 1);
  }
}
