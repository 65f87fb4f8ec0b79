#include "pki/credentials.hpp"

#include <catch2/catch.hpp>

#include "trusts.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
pki::Credential credential(std::string name, const Issued& issued) {
  auto key = pki::PrivateKey::parse(issued.key_der());
  REQUIRE(key);
  return {std::move(name), read(issued), {}, std::move(*key)};
}

std::string chosen(const pki::Credentials& credentials, std::optional<Identity> local = {},
                   std::vector<Bytes> accepted = {},
                   std::vector<pki::PublicKeyKind> kinds = {pki::PublicKeyKind::ecdsa256}) {
  const auto* found = credentials.choose(local, kinds, accepted, pki_now);
  return found == nullptr ? "" : found->name;
}
}  // namespace

TEST_CASE("the credential that fits the policy and the peer is shown", "[pki]") {
  const auto ca = root();
  const auto other_ca = root("CN=Other");
  auto longer = host_spec();
  longer.until = std::chrono::hours(24 * 800);
  auto expired = host_spec();
  expired.until = -std::chrono::hours(1);
  auto gate = host_spec();
  gate.alternative_names = "DNS:gate.example";
  const pki::Credentials credentials{
      {credential("first", issue(host_spec(), &ca)), credential("longer", issue(longer, &ca)),
       credential("expired", issue(expired, &ca)), credential("gate", issue(gate, &other_ca))},
      std::make_shared<pki::Trust>(pki::TrustContents{})};
  CHECK(chosen(credentials) == "longer");
  CHECK(chosen(credentials, id("gate.example")) == "gate");
  CHECK(chosen(credentials, id("elsewhere.example")).empty());
  CHECK(chosen(credentials, {}, {read(other_ca).subject_der()}) == "gate");
  // Of several that the peer takes the one that is valid longest; of a CA that nobody here is from, what is valid
  // longest.
  CHECK(chosen(credentials, {}, {read(other_ca).subject_der(), read(ca).subject_der()}) == "longer");
  CHECK(chosen(credentials, {}, {read(root("CN=Nobody")).subject_der(), Bytes{0x30, 0x84, 0xff}}) == "longer");
  CHECK(chosen(credentials, id("host.example"), {read(other_ca).subject_der()}) == "longer");
  CHECK(chosen(credentials, {}, {}, {pki::PublicKeyKind::rsa}).empty());
}
