// Private keys, and the signatures of IKE (RFC 2409, 5.1; RFC 4754).
#pragma once
#include <memory>

#include "base/bytes.hpp"
#include "base/secret.hpp"
#include "pki/certificate.hpp"

struct evp_pkey_st;

namespace ipsec9000::pki {

// Copies share one key, which OpenSSL wipes with the last of them. Threads may use it at once.
class PrivateKey {
 public:
  // PKCS#8 (or the older forms of RSA and EC keys) in DER, without a password: as the key store holds it.
  // invalid_input when it is no such key, refused when check_key would not take it even with allow_legacy.
  static Result<PrivateKey> parse(const Secret& der);
  // Takes the key over.
  static Result<PrivateKey> adopt(evp_pkey_st* key);

  PublicKeyKind kind() const;
  unsigned bits() const;
  bool belongs_to(const Certificate& certificate) const;
  Result<Secret> der() const;  // PKCS#8, without a password

  // RSA: PKCS#1 v1.5 over the bare bytes of `hash`, without DigestInfo, as long as the modulus. ECDSA: r and s, each as
  // long as the curve's order, one after the other. Slow: for a worker, not for the event loop.
  Result<Bytes> sign_hash(ByteView hash) const;

  evp_pkey_st* native() const { return key_.get(); }

 private:
  explicit PrivateKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

// What sign_hash made. ErrorCode::refused when it is not this certificate's signature over these bytes. Check the
// certificate's key (check_key) before: this does not bound its size.
Result<void> verify_hash(const Certificate& certificate, ByteView hash, ByteView signature);

}  // namespace ipsec9000::pki
