// OpenSSL's EVP checks a full pub^q mod p at each derivation, seven times the work of the exchange itself; for safe
// primes the range check is enough, so the exponentiation is done here with OpenSSL's constant-time primitive.
#include "crypto/modp.hpp"

#include <openssl/bn.h>

#include <cassert>
#include <memory>

#include "base/free_by.hpp"

namespace ipsec9000 {

namespace {
using Number = std::unique_ptr<BIGNUM, FreeBy<BN_clear_free>>;
using Context = std::unique_ptr<BN_CTX, FreeBy<BN_CTX_free>>;

const Error out_of_memory{ErrorCode::crypto, "OpenSSL could not allocate a big number"};

BIGNUM* prime_of(Group group) {
  switch (group) {
    case Group::modp768:
      return BN_get_rfc2409_prime_768(nullptr);
    case Group::modp1024:
      return BN_get_rfc2409_prime_1024(nullptr);
    case Group::modp1536:
      return BN_get_rfc3526_prime_1536(nullptr);
    case Group::modp2048:
      return BN_get_rfc3526_prime_2048(nullptr);
    case Group::modp3072:
      return BN_get_rfc3526_prime_3072(nullptr);
    case Group::modp4096:
      return BN_get_rfc3526_prime_4096(nullptr);
    case Group::modp6144:
      return BN_get_rfc3526_prime_6144(nullptr);
    case Group::modp8192:
      return BN_get_rfc3526_prime_8192(nullptr);
    default:
      return nullptr;
  }
}

// The prime and what Montgomery multiplication precomputes for it; made once for each thread and group.
struct Field {
  Number prime;
  std::unique_ptr<BN_MONT_CTX, FreeBy<BN_MONT_CTX_free>> montgomery;
};

const Field* field_of(Group group) {
  thread_local Field fields[32];
  auto& field = fields[static_cast<unsigned>(group) % 32];
  if (!field.prime) {
    Context context(BN_CTX_new());
    Number prime(prime_of(group));
    std::unique_ptr<BN_MONT_CTX, FreeBy<BN_MONT_CTX_free>> montgomery(BN_MONT_CTX_new());
    if (!context || !prime || !montgomery || BN_MONT_CTX_set(montgomery.get(), prime.get(), context.get()) != 1)
      return nullptr;
    field = Field{std::move(prime), std::move(montgomery)};
  }
  return &field;
}

// base^exponent mod p, padded to the group's length.
Result<Bytes> power(const Field& field, const BIGNUM* base, const BIGNUM* exponent, std::size_t length) {
  Context context(BN_CTX_secure_new());
  Number result(BN_secure_new());
  if (!context || !result ||
      BN_mod_exp_mont_consttime(result.get(), base, exponent, field.prime.get(), context.get(),
                                field.montgomery.get()) != 1)
    return out_of_memory;
  Bytes out(length);
  if (BN_bn2binpad(result.get(), out.data(), static_cast<int>(length)) < 0) return out_of_memory;
  return out;
}

bool in_range(const Field& field, const BIGNUM* value) {
  Number below(BN_dup(field.prime.get()));
  return below && BN_sub_word(below.get(), 1) == 1 && BN_cmp(value, BN_value_one()) > 0 &&
         BN_cmp(value, below.get()) < 0;
}
}  // namespace

Result<DhKeyPair> modp_generate(Group group) {
  const auto& facts = info(group);
  const Field* field = field_of(group);
  Number exponent(BN_secure_new());
  Number two(BN_new());
  if (field == nullptr || !exponent || !two || BN_set_word(two.get(), 2) != 1) return out_of_memory;
  if (BN_priv_rand_ex(exponent.get(), facts.exponent_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY, 0, nullptr) != 1)
    return Error{ErrorCode::crypto, "OpenSSL's random generator failed"};
  BN_set_flags(exponent.get(), BN_FLG_CONSTTIME);
  auto public_value = power(*field, two.get(), exponent.get(), facts.public_bytes);
  if (!public_value) return public_value.error();
  Bytes raw((facts.exponent_bits + 7u) / 8u);
  if (BN_bn2binpad(exponent.get(), raw.data(), static_cast<int>(raw.size())) < 0) return out_of_memory;
  return DhKeyPair{group, std::move(*public_value), Secret::adopt(std::move(raw))};
}

Result<Secret> modp_derive(const DhKeyPair& ours, ByteView peer_public_value) {
  const auto& facts = info(ours.group);
  const Field* field = field_of(ours.group);
  const auto private_bytes = ours.private_value.view();
  Number exponent(BN_secure_new());
  Number peer(BN_bin2bn(peer_public_value.data(), static_cast<int>(peer_public_value.size()), nullptr));
  if (field == nullptr || !exponent || !peer ||
      BN_bin2bn(private_bytes.data(), static_cast<int>(private_bytes.size()), exponent.get()) == nullptr)
    return out_of_memory;
  BN_set_flags(exponent.get(), BN_FLG_CONSTTIME);
  if (auto checked = modp_check(ours.group, peer_public_value); !checked) return checked.error();
  auto shared = power(*field, peer.get(), exponent.get(), facts.shared_bytes);
  if (!shared) return shared.error();
  return Secret::adopt(std::move(*shared));
}

Result<void> modp_check(Group group, ByteView peer_public_value) {
  const Field* field = field_of(group);
  Number peer(BN_bin2bn(peer_public_value.data(), static_cast<int>(peer_public_value.size()), nullptr));
  if (field == nullptr || !peer) return out_of_memory;
  if (!in_range(*field, peer.get()))
    return Error{ErrorCode::invalid_input,
                 std::string(info(group).name) + ": the peer's public value is outside 1 < y < p - 1"};
  return {};
}

}  // namespace ipsec9000
