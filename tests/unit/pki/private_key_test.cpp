#include "pki/private_key.hpp"

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <catch2/catch.hpp>

#include "trusts.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;
using pki::PrivateKey;

namespace {
struct Pair {
  Issued issued;
  pki::Certificate certificate;
  PrivateKey key;
};

Pair pair_of(const std::string& kind) {
  auto spec = host_spec();
  spec.key = test_key(kind);
  auto issued = issue(spec);
  auto certificate = read(issued);
  auto key = PrivateKey::parse(issued.key_der());
  REQUIRE(key);
  return {issued, certificate, std::move(*key)};
}
}  // namespace

TEST_CASE("what a key signed its certificate verifies, and nothing else", "[pki]") {
  for (const std::string kind : {"RSA:2048", "P-256", "P-384", "P-521"}) {
    CAPTURE(kind);
    const auto pair = pair_of(kind);
    const Bytes hash(kind == "P-521" ? 64 : 32, 0x5a);
    const auto signature = pair.key.sign_hash(hash);
    REQUIRE(signature);
    CHECK(verify_hash(pair.certificate, hash, *signature));
    auto other = hash;
    other[7] ^= 1;
    CHECK_FALSE(verify_hash(pair.certificate, other, *signature));
    for (std::size_t at : {std::size_t{0}, signature->size() / 2, signature->size() - 1}) {
      auto changed = *signature;
      changed[at] ^= 1;
      CHECK_FALSE(verify_hash(pair.certificate, hash, changed));
    }
    CHECK_FALSE(verify_hash(pair.certificate, hash, ByteView(*signature).first(signature->size() - 1)));
    CHECK_FALSE(verify_hash(pair.certificate, hash, {}));
    CHECK_FALSE(verify_hash(pair.certificate, hash, Bytes(signature->size(), 0)));
  }
}

TEST_CASE("signatures have the length that the RFCs give them", "[pki]") {
  const std::pair<std::string, std::size_t> lengths[] = {
      {"RSA:2048", 256}, {"P-256", 64}, {"P-384", 96}, {"P-521", 132}};
  for (const auto& [kind, length] : lengths) CHECK(pair_of(kind).key.sign_hash(Bytes(32, 1)).value().size() == length);
}

// RFC 2409, 5.1: the hash itself is what is padded and encrypted, without the name of its algorithm.
TEST_CASE("RSA pads the bare hash", "[pki]") {
  const auto pair = pair_of("RSA:2048");
  const Bytes hash(20, 0xab);
  const auto signature = pair.key.sign_hash(hash);
  REQUIRE(signature);
  auto* context = EVP_PKEY_CTX_new_from_pkey(nullptr, pair.issued.key.get(), nullptr);
  EVP_PKEY_verify_recover_init(context);
  EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING);
  Bytes plain(256);
  std::size_t length = plain.size();
  REQUIRE(EVP_PKEY_verify_recover(context, plain.data(), &length, signature->data(), signature->size()) == 1);
  EVP_PKEY_CTX_free(context);
  CHECK(to_hex(plain) == "0001" + to_hex(Bytes(256 - 3 - 20, 0xff)) + "00" + to_hex(hash));
}

TEST_CASE("a private key survives the key store, and knows its certificate", "[pki]") {
  const auto pair = pair_of("P-256");
  const auto der = pair.key.der();
  REQUIRE(der);
  const auto again = PrivateKey::parse(*der);
  REQUIRE(again);
  CHECK(again->belongs_to(pair.certificate));
  CHECK_FALSE(again->belongs_to(pair_of("P-384").certificate));
  CHECK(again->kind() == pki::PublicKeyKind::ecdsa256);
  CHECK_FALSE(PrivateKey::parse(Secret(pair.issued.der())));
  CHECK_FALSE(PrivateKey::parse(Secret()));
  auto longer = to_bytes(der->view());
  longer.push_back(0);
  CHECK_FALSE(PrivateKey::parse(Secret(longer)));
}

TEST_CASE("hashes that no key can sign are errors", "[pki]") {
  const auto pair = pair_of("RSA:2048");
  CHECK_FALSE(pair.key.sign_hash(Bytes(300, 1)));
  CHECK_FALSE(verify_hash(pair.certificate, Bytes(300, 1), Bytes(256, 1)));
}
