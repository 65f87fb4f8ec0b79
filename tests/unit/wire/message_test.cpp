#include "wire/message.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "wire/describe.hpp"
#include "wire/vendor_ids.hpp"

using namespace ipsec9000;
using namespace ipsec9000::wire;

namespace {
// One of each payload, with content in every field.
std::vector<Payload> one_of_each() {
  const SecurityAssociation sa{
      1,
      1,
      {ProposalPayload{
           1,
           3,
           {1, 2, 3, 4},
           {TransformPayload{1, 12, {Attribute::of(1, 1), Attribute::of(2, 28800), Attribute::of(2, 0x12345678)}},
            TransformPayload{2, 3, {}}}},
       ProposalPayload{1, 2, {5, 6, 7, 8}, {TransformPayload{1, 5, {Attribute::of(5, 5)}}}}}};
  return {sa,
          KeyExchange{Bytes(128, 7)},
          Identification{1, 6, 23, {10, 1, 0, 1}},
          Certificate{4, {1, 2, 3}},
          CertificateRequest{4, {}},
          Hash{Bytes(32, 1)},
          Signature{Bytes(256, 2)},
          Nonce{Bytes(16, 3)},
          Notification{1, 3, 14, {1, 2, 3, 4}, {9}},
          Deletion{1, 3, 4, {{1, 2, 3, 4}, {5, 6, 7, 8}}},
          VendorId{Bytes(16, 4)},
          NatDiscovery{Bytes(20, 5)},
          NatOriginalAddress{1, 0, 0, {10, 1, 0, 1}},
          Fragment{7, 1, 1, Bytes(40, 6)},
          Unknown{200, {1, 2}}};
}

Header some_header() {
  Header header;
  header.cookies = {Cookie{0x0102030405060708}, Cookie{0x1112131415161718}};
  header.exchange = ExchangeType::quick_mode;
  header.message_id = 0xdeadbeef;
  return header;
}
}  // namespace

TEST_CASE("every payload decodes to what was encoded, and encodes to the same bytes again") {
  const auto payloads = one_of_each();
  const auto message = encode_message(some_header(), payloads);
  const auto header = decode_header(message);
  REQUIRE(header);
  CHECK(header->message_id == 0xdeadbeef);
  CHECK(header->length == message.size());
  const auto chain = decode_chain(header->next_payload, ByteView(message).subspan(header_size));
  REQUIRE(chain);
  REQUIRE(chain->payloads.size() == payloads.size());
  std::vector<Payload> again;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    CHECK(chain->payloads[i].value == payloads[i]);
    CHECK(chain->payloads[i].body == encode_body(payloads[i]));
    again.push_back(chain->payloads[i].value);
  }
  CHECK(encode_message(some_header(), again) == message);
}

TEST_CASE("a known message comes out byte for byte") {
  Header header;
  header.cookies.initiator = Cookie{0x0102030405060708};
  const SecurityAssociation sa{
      1,
      1,
      {ProposalPayload{
          1,
          1,
          {},
          {TransformPayload{1, 1, {Attribute::of(1, 7), Attribute::of(14, 128), Attribute::of(12, 86400)}}}}}};
  CHECK(to_hex(encode_message(header, {sa})) ==
        "0102030405060708"
        "0000000000000000"
        "01100200"
        "00000000"
        "00000048"  // header
        "0000002c"
        "00000001"
        "00000001"  // SA, DOI, situation
        "00000020"
        "01010001"  // proposal
        "00000018"
        "01010000"
        "80010007"
        "800e0080"
        "000c000400015180");  // transform with three attributes
}

TEST_CASE("each prefix of a valid message is refused, and nothing is read beyond it") {
  const auto message = encode_message(some_header(), one_of_each());
  for (std::size_t length = 0; length < message.size(); ++length) {
    const Bytes cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK_FALSE(decode_header(cut));
    if (length >= header_size)
      CHECK_FALSE(decode_chain(PayloadType::security_association, ByteView(cut).subspan(header_size)));
  }
}

TEST_CASE("malformed payloads are refused") {
  const auto [what, type, hex] = GENERATE(table<const char*, PayloadType, const char*>({
      {"generic header alone, too short", PayloadType::nonce, "000000"},
      {"length below the generic header", PayloadType::nonce, "00000003"},
      {"length beyond the message", PayloadType::nonce, "0000000801ff"},
      {"reserved byte", PayloadType::nonce, "0001000501"},
      {"SA without situation", PayloadType::security_association, "0000000800000001"},
      {"SA without proposals", PayloadType::security_association, "0000000c0000000100000001"},
      {"proposal followed by a nonce", PayloadType::security_association,
       "000000140000000100000001"
       "0a00000801010000"},
      {"more transforms than announced", PayloadType::security_association,
       "000000240000000100000001"
       "0000001801010001"
       "0300000801010000"
       "0000000801010000"},
      {"fewer transforms than announced", PayloadType::security_association,
       "0000001c0000000100000001"
       "0000001001010002"
       "0000000801010000"},
      {"SPI longer than the proposal", PayloadType::security_association,
       "000000140000000100000001"
       "00000008010110ff"},
      {"attribute longer than the transform", PayloadType::security_association,
       "000000200000000100000001"
       "0000001401010001"
       "0000000c01010000"
       "000100ff"},
      {"delete whose SPIs do not fill it", PayloadType::deletion, "0000000f0000000103040001010203"},
      {"delete with SPIs of no length", PayloadType::deletion, "0000000c0000000103000001"},
      {"delete of 65535 SPIs", PayloadType::deletion,
       "000000100000000103"
       "04ffff01020304"},
      {"notify with an SPI beyond its end", PayloadType::notification, "0000000c0000000103ff000e"},
      {"identity without port", PayloadType::identification, "000000060106"},
  }));
  CAPTURE(what);
  CHECK_FALSE(decode_chain(type, *from_hex(hex)));
}

TEST_CASE("a chain of more than 128 payloads is refused") {
  std::vector<Payload> payloads(129, VendorId{{1}});
  CHECK_FALSE(decode_chain(PayloadType::vendor_id, encode_chain(payloads)));
  payloads.pop_back();
  CHECK(decode_chain(PayloadType::vendor_id, encode_chain(payloads)));
}

TEST_CASE("padding behind the last payload is left alone") {
  auto bytes = encode_chain({Hash{Bytes(20, 1)}, Nonce{Bytes(16, 2)}});
  const auto length = bytes.size();
  bytes.resize(length + 13);
  const auto chain = decode_chain(PayloadType::hash, bytes);
  REQUIRE(chain);
  CHECK(chain->length == length);
  CHECK(chain->offsets[1] == 24);
}

TEST_CASE("random changes never crash, and what decodes encodes to itself") {
  std::mt19937 random(20261123);
  const auto valid = encode_chain(one_of_each());
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = valid;
    const auto changes = 1 + random() % 4;
    for (unsigned i = 0; i < changes; ++i) bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    const auto chain = decode_chain(PayloadType::security_association, bytes);
    if (!chain) continue;
    for (const auto& payload : chain->payloads) {
      const auto again = decode_body(type_of(payload.value), encode_body(payload.value));
      REQUIRE(again);
      CHECK(*again == payload.value);
    }
  }
}

TEST_CASE("attributes as numbers") {
  CHECK(Attribute::of(2, 65535).value.index() == 0);
  CHECK(Attribute::of(2, 65536).value.index() == 1);
  CHECK(Attribute::of(2, 86400).number() == 86400u);
  CHECK_FALSE(Attribute{2, Bytes(9, 1)}.number());
  CHECK_FALSE(Attribute{2, Bytes{}}.number());
}

TEST_CASE("vendor IDs are known by their beginning") {
  auto id = vendor_id_of(Feature::fragmentation);
  append(id, Bytes{0x80, 0, 0, 0});
  REQUIRE(find_vendor_feature(id) != nullptr);
  CHECK(find_vendor_feature(id)->feature == Feature::fragmentation);
  CHECK(find_vendor_feature(Bytes{1, 2, 3}) == nullptr);
  CHECK(announces_fragmentation(vendor_id_of(Feature::fragmentation)));
  auto aggressive_only = vendor_id_of(Feature::fragmentation);
  aggressive_only[16] = 0x40;
  CHECK_FALSE(announces_fragmentation(aggressive_only));
  CHECK(announces_fragmentation(ByteView(aggressive_only).first(16)));
  CHECK_FALSE(announces_fragmentation(vendor_id_of(Feature::nat_traversal)));
}

TEST_CASE("messages in words") {
  const auto message = encode_message(some_header(), {KeyExchange{{1}}, Nonce{{2}}});
  const auto chain = decode_chain(PayloadType::key_exchange, ByteView(message).subspan(header_size));
  CHECK(describe(*decode_header(message), &*chain) == "Quick Mode: KE, NONCE");
  CHECK(notify::name(14) == "NO-PROPOSAL-CHOSEN");
  CHECK(notify::name(9999) == "notification 9999");
}
