#include "ike/keys.hpp"

#include "crypto/hash.hpp"

namespace ipsec9000::ike {

namespace {
Bytes cookie_bytes(wire::Cookie cookie) { return Writer().u64(static_cast<std::uint64_t>(cookie)).take(); }

Secret prf_secret(HashAlgorithm hash, const Secret& key, std::initializer_list<ByteView> parts) {
  return Secret::adopt(prf(hash, key.view(), parts));
}

// K1 = prf(key, seed), K2 = prf(key, K1 | seed') ... joined and cut. Appendix B feeds back K alone, KEYMAT K and seed.
Secret expand(HashAlgorithm hash, const Secret& key, ByteView first_seed, ByteView later_seed, std::size_t length) {
  Bytes all = prf(hash, key.view(), {first_seed});
  Secret block(all);
  while (all.size() < length) {
    block = prf_secret(hash, key, {block.view(), later_seed});
    all.reserve(length + block.size());
    append(all, block.view());
  }
  Secret joined = Secret::adopt(std::move(all));
  return Secret(joined.view().first(length));
}

Secret cipher_key(HashAlgorithm hash, Encryption encryption, const Secret& skeyid_e) {
  const std::size_t length = info(encryption).key_bytes;
  if (skeyid_e.size() >= length) return Secret(skeyid_e.view().first(length));
  const Bytes zero{0};
  return expand(hash, skeyid_e, zero, {}, length);
}
}  // namespace

Bytes fresh_nonce(RandomSource& random) {
  constexpr std::size_t nonce_size = 32;
  return random.bytes(nonce_size);
}

Secret skeyid_from_pre_shared_key(HashAlgorithm hash, const Secret& key, ByteView ni, ByteView nr) {
  return prf_secret(hash, key, {ni, nr});
}

Secret skeyid_from_signatures(HashAlgorithm hash, ByteView ni, ByteView nr, const Secret& shared) {
  return Secret::adopt(prf(hash, concat({ni, nr}), {shared.view()}));
}

std::shared_ptr<const Phase1Keys> derive_phase1(HashAlgorithm hash, Encryption encryption, Secret skeyid,
                                                const Secret& shared, const wire::Cookies& cookies,
                                                std::shared_ptr<Transcript> transcript) {
  auto keys = std::make_shared<Phase1Keys>();
  keys->encryption = encryption;
  keys->hash = hash;
  const auto initiator = cookie_bytes(cookies.initiator);
  const auto responder = cookie_bytes(cookies.responder);
  const Bytes zero{0}, one{1}, two{2};
  keys->skeyid_d = prf_secret(hash, skeyid, {shared.view(), initiator, responder, zero});
  keys->skeyid_a = prf_secret(hash, skeyid, {keys->skeyid_d.view(), shared.view(), initiator, responder, one});
  keys->skeyid_e = prf_secret(hash, skeyid, {keys->skeyid_a.view(), shared.view(), initiator, responder, two});
  keys->cipher_key = cipher_key(hash, encryption, keys->skeyid_e);
  keys->skeyid = std::move(skeyid);
  keys->transcript = std::move(transcript);
  return keys;
}

Bytes phase1_iv(const Phase1Keys& keys, ByteView public_initiator, ByteView public_responder) {
  auto iv = digest(keys.hash, {public_initiator, public_responder});
  iv.resize(info(keys.encryption).block_bytes);
  return iv;
}

Bytes phase2_iv(const Phase1Keys& keys, ByteView last_phase1_block, std::uint32_t message_id) {
  auto iv = digest(keys.hash, {last_phase1_block, Writer().u32(message_id).take()});
  iv.resize(info(keys.encryption).block_bytes);
  return iv;
}

Bytes phase1_hash(const Phase1Keys& keys, const ProofInput& input) {
  return prf(keys.hash, keys.skeyid.view(),
             {input.prover_public, input.other_public, cookie_bytes(input.prover_cookie),
              cookie_bytes(input.other_cookie), input.sa_body, input.id_body});
}

Secret keymat(const Phase1Keys& keys, const Secret* shared, std::uint8_t protocol, std::uint32_t spi, ByteView ni,
              ByteView nr, std::size_t length) {
  Writer seed;
  if (shared != nullptr) seed.bytes(shared->view());
  seed.u8(protocol).u32(spi).bytes(ni).bytes(nr);
  const Secret whole = Secret::adopt(seed.take());
  return expand(keys.hash, keys.skeyid_d, whole.view(), whole.view(), length);
}

}  // namespace ipsec9000::ike
