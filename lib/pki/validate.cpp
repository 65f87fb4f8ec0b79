#include "pki/validate.hpp"

#include <algorithm>
#include <array>

#include "pki/chain.hpp"
#include "pki/identities.hpp"
#include "pki/judgement.hpp"

namespace ipsec9000::pki {

std::string_view to_string(StepKind kind) {
  static constexpr std::array<std::string_view, 8> names = {"found", "key",   "chain",      "signature",
                                                            "dates", "usage", "revocation", "identity"};
  return names.at(static_cast<std::size_t>(kind));
}

namespace {
struct Candidates {
  std::vector<Certificate> sent;
  std::optional<PkiFailure> failure;
};

Candidates read_sent(std::span<const Bytes> sent_der) {
  Candidates out;
  const auto refuse = [&](std::string text) {
    out.failure = PkiFailure{PkiFailureKind::bad_encoding, std::move(text), "", ""};
    return out;
  };
  if (sent_der.size() > sent_certificates_maximum)
    return refuse("the peer sent " + std::to_string(sent_der.size()) + " certificates (at most " +
                  std::to_string(sent_certificates_maximum) + ")");
  for (const auto& der : sent_der) {
    auto certificate = Certificate::parse(der);
    if (!certificate) return refuse("the peer sent a certificate that cannot be read: " + certificate.error().text);
    out.sent.push_back(std::move(*certificate));
  }
  return out;
}

// The certificate with the claimed name; RFC 4945, 3.3.10 leaves their order open.
std::optional<Certificate> leaf_among(const std::vector<Certificate>& sent, const Identity& claimed) {
  const auto is_it = [&](const Certificate& certificate) { return has_name(certificate, claimed); };
  if (const auto named = std::ranges::find_if(sent, is_it); named != sent.end()) return *named;
  const auto no_ca = std::ranges::find_if_not(sent, &Certificate::is_ca);
  if (no_ca != sent.end()) return *no_ca;
  if (!sent.empty()) return sent.front();
  return std::nullopt;
}

// Of several of the same name the one that is valid, and longest.
std::optional<Certificate> known_leaf(const Trust& trust, const Identity& claimed, WallTime now) {
  const auto known = trust.known_as(claimed);
  const auto rank = [&](const Certificate& certificate) {
    return std::pair(now >= certificate.not_before() && now <= certificate.not_after(), certificate.not_after());
  };
  const auto best = std::ranges::max_element(known, {}, rank);
  if (best == known.end()) return std::nullopt;
  return *best;
}

// CAs for the path. One with a key that is not to be used is left out: it could cost a second a signature.
std::vector<Certificate> helpers_of(const Trust& trust, const std::vector<Certificate>& sent, const Certificate& leaf) {
  std::vector<Certificate> helpers;
  for (const auto& certificate : sent)
    if (!(certificate == leaf) && check_key(certificate, trust.allow_legacy())) helpers.push_back(certificate);
  helpers.insert(helpers.end(), trust.intermediates().begin(), trust.intermediates().end());
  return helpers;
}

void add(Verdict& verdict, Judgement judgement) {
  verdict.steps.push_back(
      {judgement.kind, !judgement.failure, judgement.failure ? judgement.failure->text : judgement.text});
  if (judgement.tolerated) verdict.unchecked = judgement.text;
  if (!verdict.failure) verdict.failure = std::move(judgement.failure);
}

void add_found(Verdict& verdict, const Certificate& leaf, bool was_sent) {
  add(verdict, {StepKind::found,
                leaf.subject() + ", serial " + leaf.serial() + (was_sent ? ", sent by the peer" : ", known here"),
                std::nullopt});
}
}  // namespace

Verdict validate(const Trust& trust, std::span<const Bytes> sent_der, const Identity& claimed,
                 const std::optional<Identity>& expected, WallTime now) {
  Verdict verdict;
  auto [sent, unreadable] = read_sent(sent_der);
  if (unreadable) {
    add(verdict, {StepKind::found, "", std::move(unreadable)});
    return verdict;
  }
  verdict.leaf = sent.empty() ? known_leaf(trust, claimed, now) : leaf_among(sent, claimed);
  if (!verdict.leaf) {
    add(verdict, {StepKind::found, "",
                  PkiFailure{PkiFailureKind::no_certificate,
                             "no certificate of " + claimed.to_string() + ": the peer sent none and none is known here",
                             "", ""}});
    return verdict;
  }
  add_found(verdict, *verdict.leaf, !sent.empty());
  add(verdict, judge_key(*verdict.leaf, trust.allow_legacy()));
  if (verdict.failure) return verdict;  // nothing is computed with such a key
  const auto chain = build_chain(trust, *verdict.leaf, helpers_of(trust, sent, *verdict.leaf), now);
  verdict.path = chain.path;
  add(verdict, judge_path(chain, trust));
  add(verdict, judge_signatures(chain, trust));
  add(verdict, judge_dates(chain, *verdict.leaf, now));
  add(verdict, judge_usage(chain, *verdict.leaf));
  add(verdict, judge_revocation(chain, trust, *verdict.leaf, now));
  add(verdict, judge_identity(*verdict.leaf, claimed, expected));
  return verdict;
}

}  // namespace ipsec9000::pki
