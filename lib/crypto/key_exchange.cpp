#include "crypto/key_exchange.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <memory>

#include "base/free_by.hpp"
#include "crypto/modp.hpp"

namespace ipsec9000 {

namespace {
using Key = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>>;

Error openssl_failed(const GroupInfo& facts) {
  return Error{ErrorCode::crypto, std::string(facts.name) + ": OpenSSL refused the key exchange"};
}
Error bad_peer_value(const GroupInfo& facts) {
  return Error{ErrorCode::invalid_input, std::string(facts.name) + ": the peer's public value is no valid point"};
}

// IKE carries X and Y without the leading 04 that OpenSSL wants (RFC 5903, 7).
Bytes uncompressed_point(ByteView wire) {
  Bytes point{0x04};
  append(point, wire);
  return point;
}

Key ecp_key(const GroupInfo& facts, ByteView wire_public, const Secret* private_value) {
  const auto point = uncompressed_point(wire_public);
  const std::string curve(facts.openssl);
  std::unique_ptr<OSSL_PARAM_BLD, FreeBy<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  std::unique_ptr<BIGNUM, FreeBy<BN_clear_free>> scalar(BN_secure_new());
  bool built =
      builder && scalar &&
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.c_str(), 0) == 1 &&
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1;
  if (built && private_value != nullptr) {
    const auto raw = private_value->view();
    built = BN_bin2bn(raw.data(), static_cast<int>(raw.size()), scalar.get()) != nullptr &&
            OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar.get()) == 1;
  }
  if (!built) return nullptr;
  std::unique_ptr<OSSL_PARAM, FreeBy<OSSL_PARAM_free>> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  const int selection = private_value != nullptr ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, selection, parameters.get()) != 1)
    return nullptr;
  return Key(key);
}

Result<DhKeyPair> ecp_generate(const GroupInfo& facts) {
  const std::string curve(facts.openssl);
  Key key(EVP_EC_gen(curve.c_str()));
  if (!key) return openssl_failed(facts);
  Bytes point(facts.public_bytes + 1u);
  std::size_t length = 0;
  BIGNUM* scalar = nullptr;
  if (EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &length) != 1 ||
      length != point.size() || EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &scalar) != 1)
    return openssl_failed(facts);
  std::unique_ptr<BIGNUM, FreeBy<BN_clear_free>> owned(scalar);
  Bytes raw(facts.shared_bytes);
  if (BN_bn2binpad(scalar, raw.data(), static_cast<int>(raw.size())) < 0) return openssl_failed(facts);
  return DhKeyPair{facts.id, Bytes(point.begin() + 1, point.end()), Secret::adopt(std::move(raw))};
}

Result<DhKeyPair> montgomery_generate(const GroupInfo& facts) {
  Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"));
  Bytes public_value(facts.public_bytes);
  Bytes raw(32);
  std::size_t public_length = public_value.size();
  std::size_t private_length = raw.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), public_value.data(), &public_length) != 1 ||
      EVP_PKEY_get_raw_private_key(key.get(), raw.data(), &private_length) != 1)
    return openssl_failed(facts);
  return DhKeyPair{facts.id, std::move(public_value), Secret::adopt(std::move(raw))};
}

Result<Secret> evp_derive(const GroupInfo& facts, EVP_PKEY* ours, EVP_PKEY* peer) {
  KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, ours, nullptr));
  if (!context || EVP_PKEY_derive_init(context.get()) != 1) return openssl_failed(facts);
  if (EVP_PKEY_derive_set_peer(context.get(), peer) != 1) return bad_peer_value(facts);
  Bytes shared(facts.shared_bytes);
  std::size_t length = shared.size();
  if (EVP_PKEY_derive(context.get(), shared.data(), &length) != 1 || length != shared.size())
    return bad_peer_value(facts);
  if (std::all_of(shared.begin(), shared.end(), [](auto byte) { return byte == 0; })) return bad_peer_value(facts);
  return Secret::adopt(std::move(shared));
}
}  // namespace

Result<DhKeyPair> dh_generate(Group group) {
  const auto& facts = info(group);
  switch (facts.kind) {
    case GroupKind::modp:
      return modp_generate(group);
    case GroupKind::ecp:
      return ecp_generate(facts);
    case GroupKind::montgomery:
      return montgomery_generate(facts);
  }
  return openssl_failed(facts);
}

static Result<void> check_length(const GroupInfo& facts, ByteView value) {
  if (value.size() == facts.public_bytes) return {};
  return Error{ErrorCode::invalid_input, std::string(facts.name) + ": the peer's public value has " +
                                             std::to_string(value.size()) + " bytes, not " +
                                             std::to_string(facts.public_bytes)};
}

Result<void> check_public_value(Group group, ByteView peer_public_value) {
  const auto& facts = info(group);
  if (auto checked = check_length(facts, peer_public_value); !checked) return checked;
  if (facts.kind == GroupKind::modp) return modp_check(group, peer_public_value);
  if (facts.kind == GroupKind::ecp && !ecp_key(facts, peer_public_value, nullptr)) return bad_peer_value(facts);
  return {};
}

Result<Secret> dh_derive(const DhKeyPair& ours, ByteView peer_public_value) {
  const auto& facts = info(ours.group);
  if (auto checked = check_length(facts, peer_public_value); !checked) return checked.error();
  if (facts.kind == GroupKind::modp) return modp_derive(ours, peer_public_value);
  Key key;
  Key peer;
  if (facts.kind == GroupKind::ecp) {
    key = ecp_key(facts, ours.public_value, &ours.private_value);
    peer = ecp_key(facts, peer_public_value, nullptr);
  } else {
    const auto raw = ours.private_value.view();
    key.reset(EVP_PKEY_new_raw_private_key_ex(nullptr, "X25519", nullptr, raw.data(), raw.size()));
    peer.reset(
        EVP_PKEY_new_raw_public_key_ex(nullptr, "X25519", nullptr, peer_public_value.data(), peer_public_value.size()));
  }
  if (!peer) return bad_peer_value(facts);
  if (!key) return openssl_failed(facts);
  return evp_derive(facts, key.get(), peer.get());
}

}  // namespace ipsec9000
