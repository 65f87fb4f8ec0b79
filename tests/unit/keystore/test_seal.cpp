#include <catch2/catch.hpp>

#include "keystore/seal.hpp"

using namespace ipsec9000;
using namespace ipsec9000::keystore;

TEST_CASE("scrypt gives the value of RFC 7914, section 12") {
  const auto key = derive_key(Secret("pleaseletmein"), as_bytes("SodiumChloride"), {16384, 8, 1});
  REQUIRE(key);
  CHECK(to_hex(key->view()) == "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2");
}

TEST_CASE("AES-256-GCM gives the value of the GCM specification, test case 16 cut to what we use") {
  const auto key = *from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const auto nonce = *from_hex("cafebabefacedbaddecaf888");
  const auto associated = *from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const auto plain = *from_hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
      "ba637b39");
  const auto sealed = seal(key, nonce, associated, plain);
  REQUIRE(sealed);
  CHECK(to_hex(ByteView(*sealed).last(tag_bytes)) == "76fc6ece0f4e1768cddf8853bb2d551b");
  const auto back = unseal(key, nonce, associated, *sealed);
  REQUIRE(back);
  CHECK(to_bytes(back->view()) == plain);
}

TEST_CASE("a changed bit anywhere is refused") {
  const Bytes key(key_bytes, 1);
  const Bytes nonce(nonce_bytes, 2);
  const auto sealed = *seal(key, nonce, as_bytes("header"), as_bytes("text"));
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    auto changed = sealed;
    changed[at] ^= 0x10;
    const auto opened = unseal(key, nonce, as_bytes("header"), changed);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::refused);
  }
  CHECK_FALSE(unseal(key, nonce, as_bytes("Header"), sealed));
  CHECK_FALSE(unseal(Bytes(key_bytes, 3), nonce, as_bytes("header"), sealed));
  CHECK_FALSE(unseal(key, Bytes(nonce_bytes, 3), as_bytes("header"), sealed));
  CHECK_FALSE(unseal(key, nonce, as_bytes("header"), ByteView(sealed).first(tag_bytes - 1)));
}

TEST_CASE("costs out of bounds are refused before any memory is taken") {
  struct Row {
    ScryptCost cost;
    bool allowed;
  };
  const auto row =
      GENERATE(Row{{1 << 15, 8, 1}, true}, Row{{1024, 1, 1}, true}, Row{{1 << 18, 8, 1}, true},
               Row{{1 << 18, 9, 1}, false},   // over 256 MiB
               Row{{1 << 15, 8, 17}, false},  // too much work
               Row{{1 << 19, 8, 1}, false}, Row{{3000, 8, 1}, false}, Row{{512, 8, 1}, false}, Row{{0, 8, 1}, false},
               Row{{1 << 15, 0, 1}, false}, Row{{1 << 15, 8, 0}, false}, Row{{std::uint64_t{1} << 63, 8, 1}, false},
               Row{{1 << 15, 0xffffffff, 1}, false}, Row{{1 << 15, 8, 0xffffffff}, false});
  CAPTURE(row.cost.n, row.cost.r, row.cost.p);
  CHECK(check_cost(row.cost).has_value() == row.allowed);
  if (!row.allowed) CHECK_FALSE(derive_key(Secret("x"), as_bytes("salt"), row.cost));
}
