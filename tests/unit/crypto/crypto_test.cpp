#include <catch2/catch.hpp>
#include <set>

#include "crypto/cipher.hpp"
#include "crypto/distinguished_name.hpp"
#include "crypto/hash.hpp"
#include "crypto/key_exchange.hpp"

using namespace ipsec9000;

TEST_CASE("HMAC agrees with RFC 2202 and RFC 4231") {
  const Bytes key(20, 0x0b);
  const auto text = as_bytes("Hi There");
  CHECK(to_hex(prf(HashAlgorithm::sha1, key, {text})) == "b617318655057264e28bc0b6fb378c8ef146be00");
  CHECK(to_hex(prf(HashAlgorithm::sha256, key, {text})) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(to_hex(prf(HashAlgorithm::md5, Bytes(16, 0x0b), {text})) == "9294727a3638bb1c13f48ef8158bfc9d");
}

TEST_CASE("an empty key is a key of its own, not the one before") {
  const auto text = as_bytes("x");
  const auto keyed = prf(HashAlgorithm::sha256, as_bytes("key"), {text});
  const auto empty = prf(HashAlgorithm::sha256, {}, {text});
  CHECK(keyed != empty);
  CHECK(empty == prf(HashAlgorithm::sha256, {}, {text}));
}

TEST_CASE("digest joins its parts") {
  CHECK(digest(HashAlgorithm::sha256, {as_bytes("ab"), as_bytes("c")}) ==
        digest(HashAlgorithm::sha256, {as_bytes("abc")}));
  CHECK(to_hex(digest(HashAlgorithm::sha1, {as_bytes("abc")})) == "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST_CASE("AES-CBC agrees with SP 800-38A, and every cipher undoes itself") {
  const auto key = *from_hex("2b7e151628aed2a6abf7158809cf4f3c");
  const auto iv = *from_hex("000102030405060708090a0b0c0d0e0f");
  const auto text = *from_hex("6bc1bee22e409f96e93d7e117393172a");
  CHECK(to_hex(*encrypt_cbc(Encryption::aes128_cbc, key, iv, text)) == "7649abac8119b246cee98e9b12e9197d");
  for (const auto& cipher : all_encryptions()) {
    if (cipher.oakley == 0) continue;
    CAPTURE(cipher.name);
    const Bytes any_key(cipher.key_bytes, 0x5a), any_iv(cipher.block_bytes, 3), plain(cipher.block_bytes * 5, 9);
    const auto sealed = encrypt_cbc(cipher.id, any_key, any_iv, plain);
    REQUIRE(sealed);
    CHECK(*sealed != plain);
    CHECK(*decrypt_cbc(cipher.id, any_key, any_iv, *sealed) == plain);
    CHECK_FALSE(decrypt_cbc(cipher.id, any_key, any_iv, Bytes(cipher.block_bytes + 1)));
    CHECK_FALSE(decrypt_cbc(cipher.id, Bytes(cipher.key_bytes + 1), any_iv, plain));
  }
}

TEST_CASE("both ends of every group get the same secret, of the right length") {
  for (const auto& group : all_groups()) {
    if (group.public_bytes > 512) continue;  // the largest two take long under sanitizers
    CAPTURE(group.name);
    const auto a = dh_generate(group.id), b = dh_generate(group.id);
    REQUIRE(a);
    REQUIRE(b);
    CHECK(a->public_value.size() == group.public_bytes);
    const auto ab = dh_derive(*a, b->public_value), ba = dh_derive(*b, a->public_value);
    REQUIRE(ab);
    REQUIRE(ba);
    CHECK(ab->size() == group.shared_bytes);
    CHECK(equal_constant_time(ab->view(), ba->view()));
  }
}

TEST_CASE("public values of a wrong length or range are refused") {
  for (const auto& group : all_groups()) {
    if (group.public_bytes > 256) continue;
    CAPTURE(group.name);
    const auto ours = *dh_generate(group.id);
    CHECK_FALSE(dh_derive(ours, Bytes(group.public_bytes - 1u, 5)));
    CHECK_FALSE(dh_derive(ours, Bytes(group.public_bytes + 1u, 5)));
    CHECK_FALSE(dh_derive(ours, {}));
    CHECK_FALSE(dh_derive(ours, Bytes(group.public_bytes, 0)));
    if (group.kind == GroupKind::montgomery) continue;
    CHECK_FALSE(check_public_value(group.id, Bytes(group.public_bytes, 0xff)));
    CHECK(check_public_value(group.id, ours.public_value));
  }
}

TEST_CASE("X25519 agrees with RFC 7748, section 6.1") {
  const DhKeyPair bob{Group::curve25519, *from_hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"),
                      Secret(*from_hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))};
  const auto shared = dh_derive(bob, *from_hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
  REQUIRE(shared);
  CHECK(to_hex(shared->view()) == "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

TEST_CASE("tables: every enumerator has its row, names and numbers are unique where they must be") {
  std::set<std::string_view> names;
  for (const auto& row : all_encryptions()) {
    CHECK(names.insert(row.name).second);
    CHECK(info(row.id).id == row.id);
    CHECK(find_encryption(row.name) == &row);
    CHECK((row.icv_bits == 0 || row.oakley == 0));
  }
  for (const auto& row : all_groups()) CHECK(find_group_number(static_cast<unsigned>(row.id)) == &row);
  CHECK(find_group("modp2048")->id == Group::modp2048);
  CHECK(find_encryption("AES129") == nullptr);
  CHECK(find_integrity("") == nullptr);
}

TEST_CASE("distinguished names survive DER, and bad ones are refused") {
  const auto der = distinguished_name_to_der("C=DE, O=Example\\, Inc, CN=host.example");
  REQUIRE(der);
  const auto text = distinguished_name_to_text(*der);
  REQUIRE(text);
  CHECK(distinguished_name_to_der(*text).value_or({}) == *der);
  CHECK_FALSE(distinguished_name_to_der("CN="));
  CHECK_FALSE(distinguished_name_to_der("nothing"));
  CHECK_FALSE(distinguished_name_to_der(""));
  CHECK_FALSE(distinguished_name_to_text(Bytes{0x30, 0x03, 1, 2, 3}));
  auto longer = *der;
  longer.push_back(0);
  CHECK_FALSE(distinguished_name_to_text(longer));
}
