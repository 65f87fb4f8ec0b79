#include "ike/keys.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "crypto/hash.hpp"

using namespace ipsec9000;
using namespace ipsec9000::ike;

namespace {
Bytes hex(const nlohmann::json& value) { return *from_hex(value.get<std::string>()); }

nlohmann::json vectors() {
  // NIST CAVP, SP 800-135: IKEv1 key derivation.
  const auto text = read_file(std::string(IPSEC9000_SOURCE_DIR) + "/tests/unit/ike/ikev1-kdf.json");
  REQUIRE(text);
  return nlohmann::json::parse(*text);
}

wire::Cookies cookies_of(const nlohmann::json& vector) {
  return {static_cast<wire::Cookie>(*Reader(hex(vector["cky_i"])).u64()),
          static_cast<wire::Cookie>(*Reader(hex(vector["cky_r"])).u64())};
}

void check_derived(const nlohmann::json& vector, Secret skeyid) {
  CHECK(to_hex(skeyid.view()) == vector["skeyid"].get<std::string>());
  const auto keys = derive_phase1(HashAlgorithm::sha1, Encryption::aes128_cbc, std::move(skeyid),
                                  Secret(hex(vector["g_xy"])), cookies_of(vector));
  CHECK(to_hex(keys->skeyid_d.view()) == vector["skeyid_d"].get<std::string>());
  CHECK(to_hex(keys->skeyid_a.view()) == vector["skeyid_a"].get<std::string>());
  CHECK(to_hex(keys->skeyid_e.view()) == vector["skeyid_e"].get<std::string>());
}
}  // namespace

TEST_CASE("SKEYID from a pre-shared key agrees with the published vectors") {
  const auto vector = vectors()["pre_shared_key"];
  check_derived(vector, skeyid_from_pre_shared_key(HashAlgorithm::sha1, Secret(hex(vector["psk"])), hex(vector["ni"]),
                                                   hex(vector["nr"])));
}

TEST_CASE("SKEYID for signatures agrees with the published vectors") {
  const auto vector = vectors()["digital_signature"];
  check_derived(vector, skeyid_from_signatures(HashAlgorithm::sha1, hex(vector["ni"]), hex(vector["nr"]),
                                               Secret(hex(vector["g_xy"]))));
}

TEST_CASE("a cipher key longer than the hash is fed back as appendix B of RFC 2409 says") {
  const auto keys = derive_phase1(HashAlgorithm::sha1, Encryption::aes256_cbc, Secret(std::string_view("0123456789")),
                                  Secret(std::string_view("shared")), {});
  REQUIRE(keys->cipher_key.size() == 32);
  const Bytes zero{0};
  const auto k1 = prf(HashAlgorithm::sha1, keys->skeyid_e.view(), {zero});
  const auto k2 = prf(HashAlgorithm::sha1, keys->skeyid_e.view(), {k1});
  CHECK(to_hex(keys->cipher_key.view()) == to_hex(concat({k1, k2})).substr(0, 64));
}

TEST_CASE("KEYMAT is as long as asked for and differs by SPI and by direction") {
  const auto keys = derive_phase1(HashAlgorithm::sha256, Encryption::aes128_cbc, Secret(std::string_view("skeyid")),
                                  Secret(std::string_view("shared")), {});
  const Bytes ni(16, 1), nr(16, 2);
  const auto one = keymat(*keys, nullptr, 3, 0x1001, ni, nr, 80);
  const auto two = keymat(*keys, nullptr, 3, 0x1002, ni, nr, 80);
  const auto shorter = keymat(*keys, nullptr, 3, 0x1001, ni, nr, 48);
  const Secret pfs(std::string_view("g to the xy"));
  CHECK(one.size() == 80);
  CHECK(to_hex(one.view()) != to_hex(two.view()));
  CHECK(to_hex(one.view().first(48)) == to_hex(shorter.view()));
  CHECK(to_hex(one.view()) != to_hex(keymat(*keys, &pfs, 3, 0x1001, ni, nr, 80).view()));
}
