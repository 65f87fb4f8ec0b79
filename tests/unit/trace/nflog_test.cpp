#include "trace/nflog.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000;

namespace {
// Host order, as netlink has it.
void put16(Bytes& out, unsigned value) {
  out.push_back(static_cast<std::uint8_t>(value));
  out.push_back(static_cast<std::uint8_t>(value >> 8U));
}
void put_attribute(Bytes& out, unsigned type, ByteView value) {
  put16(out, static_cast<unsigned>(value.size() + 4));
  put16(out, type);
  append(out, value);
  out.resize((out.size() + 3) / 4 * 4);
}
Bytes message(std::string_view prefix, ByteView payload, unsigned type = 0x0400) {
  Bytes out(4);
  put16(out, type);
  out.resize(20);  // rest of the header, nfgenmsg
  put_attribute(out, 10, concat({as_bytes(prefix), Bytes{0}}));
  put_attribute(out, 3, *from_hex("00000000000000050000000000000007"));  // 5 s, 7 us
  put_attribute(out, 9, payload);
  out[0] = static_cast<std::uint8_t>(out.size());
  return out;
}
}  // namespace

TEST_CASE("a logged packet is read with the place where it was met") {
  const Bytes payload{0x45, 1, 2};
  const auto packet = nflog::decode(message("in ipsec", payload));
  REQUIRE(packet);
  CHECK(packet->at == TracedAt::in_ipsec);
  CHECK(packet->bytes == payload);
}

TEST_CASE("what other rules log to our group is none of ours") {
  CHECK_FALSE(nflog::decode(message("somebody's", Bytes{1})));
  CHECK_FALSE(nflog::decode(message("out", Bytes{})));
  CHECK_FALSE(nflog::decode(message("out", Bytes{1}, 0x0401)));
}

TEST_CASE("a cut message of NFLOG is no packet or a shorter one, never a fall") {
  const auto whole = message("out", Bytes(9, 0x45));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto packet = nflog::decode(ByteView(whole).first(size));
    if (packet) CHECK(packet->bytes.size() <= 9);
  }
}

TEST_CASE("what can be traced has a name") {
  for (const auto* name : {"all", "tcp", "udp", "igmp"}) CHECK(to_string(*parse_traced_protocols(name)) == name);
  CHECK(parse_traced_protocols("icmp").error().code == ErrorCode::invalid_input);
}
