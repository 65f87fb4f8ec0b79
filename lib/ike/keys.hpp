// Key derivation of IKEv1 (RFC 2409, 5 and appendix B). Pure functions over bytes.
#pragma once
#include <memory>

#include "base/secret.hpp"
#include "crypto/algorithms.hpp"
#include "crypto/random.hpp"
#include "ike/transcript.hpp"
#include "wire/message.hpp"

namespace ipsec9000::ike {

// Of 32 bytes, for both phases (RFC 2409, 5: 8 to 256).
Bytes fresh_nonce(RandomSource& random);

// Everything both ends compute from the nonces and g^xy.
struct Phase1Keys {
  Encryption encryption = Encryption::aes128_cbc;
  HashAlgorithm hash = HashAlgorithm::sha256;
  Secret skeyid;
  Secret skeyid_d;  // for the keys of IPSec SAs
  Secret skeyid_a;  // authenticates phase 2 messages
  Secret skeyid_e;
  Secret cipher_key;                       // of info(encryption).key_bytes bytes, from SKEYID_e
  std::shared_ptr<Transcript> transcript;  // of the messages under these keys; null: none is kept
};

Secret skeyid_from_pre_shared_key(HashAlgorithm hash, const Secret& key, ByteView ni, ByteView nr);
Secret skeyid_from_signatures(HashAlgorithm hash, ByteView ni, ByteView nr, const Secret& shared);

std::shared_ptr<const Phase1Keys> derive_phase1(HashAlgorithm hash, Encryption encryption, Secret skeyid,
                                                const Secret& shared, const wire::Cookies& cookies,
                                                std::shared_ptr<Transcript> transcript = nullptr);

// The first IV of phase 1: the beginning of hash(g^xi | g^xr).
Bytes phase1_iv(const Phase1Keys& keys, ByteView public_initiator, ByteView public_responder);
// The first IV of a phase 2 exchange: the beginning of hash(last block of phase 1 | message id).
Bytes phase2_iv(const Phase1Keys& keys, ByteView last_phase1_block, std::uint32_t message_id);

// What proves an end's identity in phase 1 (RFC 2409, 5): `ours` is the prover's public value and cookie.
struct ProofInput {
  ByteView prover_public;
  ByteView other_public;
  wire::Cookie prover_cookie;
  wire::Cookie other_cookie;
  ByteView sa_body;  // SAi_b
  ByteView id_body;
};
Bytes phase1_hash(const Phase1Keys& keys, const ProofInput& input);

// KEYMAT for one SA (RFC 2409, 5.5): `length` bytes. `shared` is null without PFS; `protocol` is the DOI's number.
Secret keymat(const Phase1Keys& keys, const Secret* shared, std::uint8_t protocol, std::uint32_t spi, ByteView ni,
              ByteView nr, std::size_t length);

}  // namespace ipsec9000::ike
