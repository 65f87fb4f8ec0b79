// A certificate revocation list (RFC 5280, 5), read once and shared.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/time.hpp"

struct X509_crl_st;

namespace ipsec9000::pki {

inline constexpr std::size_t crl_bytes_maximum = 16 << 20;

class Crl {
 public:
  // The whole of `der` is one CRL of at most crl_bytes_maximum; anything else is invalid_input. Its signature is not
  // checked here: that takes its issuer, and validate() does it.
  static Result<Crl> parse(ByteView der);

  ByteView der() const;
  const std::string& issuer() const;
  const Bytes& issuer_der() const;
  const std::string& number() const;       // hex; "" where it has none
  const std::string& fingerprint() const;  // SHA-256 of the DER form, hex
  WallTime this_update() const;
  std::optional<WallTime> next_update() const;
  std::size_t revoked() const;  // how many certificates

  X509_crl_st* native() const;

 private:
  struct Data;
  explicit Crl(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

}  // namespace ipsec9000::pki
