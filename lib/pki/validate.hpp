// The one judgement about a peer's certificate: ikpmd's and that of `ipsec_mgr cert check` (RFC 5280, 6; RFC 4945).
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pki/failure.hpp"
#include "pki/trust.hpp"

namespace ipsec9000::pki {

enum class StepKind : std::uint8_t { found, key, chain, signature, dates, usage, revocation, identity };
std::string_view to_string(StepKind kind);

struct Step {
  StepKind kind = StepKind::found;
  bool ok = false;
  std::string text;  // one line
};

struct Verdict {
  std::vector<Step> steps;              // in the order of StepKind, one each; those that could not be taken are missing
  std::optional<Certificate> leaf;      // the peer's certificate, where one was found, good or not
  std::vector<Certificate> path;        // leaf first, as far as it was found
  std::optional<PkiFailure> failure;    // of the first step that is not ok
  std::string unchecked;                // why nobody knows whether it is revoked, where that is tolerated; else ""
  bool ok() const { return !failure; }  // then there is a leaf
};

inline constexpr std::size_t sent_certificates_maximum = 20;

// `sent_der`: the peer's CERT payloads of type X.509, in any order. `claimed`: its ID payload. `expected`: "remote_id"
// of the policy. Everything a peer can make this do is bounded: number and size of certificates, size of keys, length
// of the path. Slow (public-key work): for a worker. Says nothing about who holds the key: verify_hash with the leaf.
Verdict validate(const Trust& trust, std::span<const Bytes> sent_der, const Identity& claimed,
                 const std::optional<Identity>& expected, WallTime now);

}  // namespace ipsec9000::pki
