// The steps of validate(), each by itself. For the sources of this folder.
#pragma once
#include "pki/chain.hpp"
#include "pki/validate.hpp"

namespace ipsec9000::pki {

struct Judgement {
  StepKind kind = StepKind::found;
  std::string text;  // when all is well
  std::optional<PkiFailure> failure;
  bool tolerated = false;  // all is not well, and the text says what is tolerated
};

Judgement judge_key(const Certificate& leaf, bool allow_legacy);
Judgement judge_path(const Chain& chain, const Trust& trust);
Judgement judge_signatures(const Chain& chain, const Trust& trust);
Judgement judge_dates(const Chain& chain, const Certificate& leaf, WallTime now);
Judgement judge_usage(const Chain& chain, const Certificate& leaf);
Judgement judge_revocation(const Chain& chain, const Trust& trust, const Certificate& leaf, WallTime now);
Judgement judge_identity(const Certificate& leaf, const Identity& claimed, const std::optional<Identity>& expected);

}  // namespace ipsec9000::pki
