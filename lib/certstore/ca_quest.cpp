#include "certstore/ca_quest.hpp"

#include <algorithm>

namespace ipsec9000 {

namespace {
constexpr Duration wanted_time = std::chrono::hours(1);
}

std::vector<std::string> CaQuest::sources(const EntrustSettings& settings, const CertificateContents& contents,
                                          WallTime now) const {
  std::vector<pki::Certificate> shown;
  for (const auto& wanted : wanted_) shown.push_back(wanted.certificate);
  return authority_sources(settings, contents, candidates_, shown, now);
}

bool CaQuest::seek(const pki::Verdict& verdict, WallTime now) {
  if (!verdict.failure || verdict.failure->kind != pki::PkiFailureKind::unknown_ca || verdict.path.empty())
    return false;
  const auto& last = verdict.path.back();
  const auto same_issuer = [&](const Wanted& each) { return each.certificate.issuer_der() == last.issuer_der(); };
  if (last.self_issued() || std::ranges::any_of(wanted_, same_issuer)) return false;
  std::erase_if(wanted_, [&](const Wanted& each) { return now - each.since > wanted_time; });
  if (wanted_.size() >= wanted_maximum) return false;
  wanted_.push_back({last, now});
  return true;
}

std::vector<std::string> CaQuest::take(CertificateContents& contents, const std::vector<pki::Certificate>& found,
                                       const std::vector<std::string>& roots, const TrustRules& rules,
                                       std::optional<Error>& refused) {
  auto open = found;
  open.insert(open.end(), candidates_.begin(), candidates_.end());
  std::vector<std::string> taken;
  for (bool further = true; further;) {  // each round but the last takes one at least
    further = false;
    refused.reset();
    std::vector<pki::Certificate> left;
    for (const auto& certificate : open) {
      const auto outcome = take_authority(contents, certificate, roots, rules);
      if (outcome && *outcome) taken.push_back(certificate.subject());
      further = further || (outcome && *outcome);
      if (outcome) continue;
      if (!refused) refused = outcome.error();
      left.push_back(certificate);
    }
    open = std::move(left);
  }
  candidates_.clear();
  for (auto& certificate : open) {
    const bool usable = certificate.is_ca() && !certificate.self_issued() && check_key(certificate, rules.allow_legacy);
    const bool is_new = std::ranges::find(candidates_, certificate) == candidates_.end();
    if (usable && is_new && candidates_.size() < candidates_maximum) candidates_.push_back(std::move(certificate));
  }
  return taken;
}

bool CaQuest::keep(CaQuest&& other) {
  if (candidates_ == other.candidates_) return false;
  candidates_ = std::move(other.candidates_);
  return true;
}

}  // namespace ipsec9000
