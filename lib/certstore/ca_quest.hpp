// The search for CAs that are missing between a certificate and a CA that is known, level by level: the issuer of what
// is stored, the issuer of what was found, and so on. What was found and hangs in the air yet is a candidate: it is in
// memory only, believed by nobody, until a CA that is known here turns out to have signed it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "certstore/entrust.hpp"
#include "pki/validate.hpp"

namespace ipsec9000 {

class CaQuest {
 public:
  static constexpr std::size_t candidates_maximum = 32;
  static constexpr std::size_t wanted_maximum = 16;  // peers may show as many certificates as they like

  // Where to look next (authority_sources of what is stored, of the candidates and of what peers have shown).
  std::vector<std::string> sources(const EntrustSettings& settings, const CertificateContents& contents,
                                   WallTime now) const;

  // A peer's certificate whose path leads to no CA of ours. True: there is something new to look for. Each place is
  // kept for an hour.
  bool seek(const pki::Verdict& verdict, WallTime now);

  // Puts into `contents` what of `found` and of the candidates leads to a CA there; the subjects of these. What does
  // not is a candidate from then on, a root apart. `refused`: why the first that was found does not count.
  std::vector<std::string> take(CertificateContents& contents, const std::vector<pki::Certificate>& found,
                                const std::vector<std::string>& roots, const TrustRules& rules,
                                std::optional<Error>& refused);

  bool has_candidates() const { return !candidates_.empty(); }
  // The candidates after `take()` of a copy. True: others than before.
  bool keep(CaQuest&& other);

 private:
  struct Wanted {
    pki::Certificate certificate;
    WallTime since;
  };
  std::vector<pki::Certificate> candidates_;
  std::vector<Wanted> wanted_;  // certificates whose issuer is not known
};

}  // namespace ipsec9000
