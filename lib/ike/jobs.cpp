#include "ike/jobs.hpp"

#include "pki/pkcs7.hpp"
#include "wire/numbers.hpp"

namespace ipsec9000::ike {

namespace {
Result<JobOutcome> do_job(const DhJob& job, WallTime) {
  DhOutcome outcome{job.ours, nullptr};
  if (!outcome.ours) {
    auto made = dh_generate(job.group);
    if (!made) return made.error();
    outcome.ours = std::make_shared<const DhKeyPair>(std::move(*made));
  }
  if (job.peer) {
    auto shared = dh_derive(*outcome.ours, *job.peer);
    if (!shared) return shared.error();
    outcome.shared = std::make_shared<const Secret>(std::move(*shared));
  }
  return JobOutcome{std::move(outcome)};
}

Result<JobOutcome> do_job(const SignJob& job, WallTime) {
  auto signature = job.key.sign_hash(job.hash);
  if (!signature) return signature.error();
  return JobOutcome{SignOutcome{std::move(*signature)}};
}

// The certificates as DER. What is no certificate (a CRL, say) is left out: nothing that a peer sends is missed.
std::vector<Bytes> certificates_in(const std::vector<wire::Certificate>& sent) {
  std::vector<Bytes> found;
  for (const auto& each : sent) {
    if (each.encoding == wire::encoding::x509_signature) found.push_back(each.value);
    if (each.encoding != wire::encoding::pkcs7) continue;
    auto wrapped = pki::pkcs7_certificates(each.value);
    if (!wrapped) continue;
    for (auto& one : *wrapped)
      if (found.size() < most_certificates) found.push_back(std::move(one));
  }
  return found;
}

std::optional<std::string> objection_to(const VerifyJob& job, const pki::Certificate& leaf) {
  if (leaf.key_kind() != job.key)
    return "its certificate has a key of the kind " + std::string(to_string(leaf.key_kind())) + ", not " +
           std::string(to_string(job.key));
  if (auto sane = pki::check_key(leaf, true); !sane) return sane.error().text;  // bounds the arithmetic
  if (auto verified = pki::verify_hash(leaf, job.hash, job.signature); !verified) return verified.error().text;
  return std::nullopt;
}

Result<JobOutcome> do_job(const VerifyJob& job, WallTime now) {
  VerifyOutcome outcome{pki::validate(*job.trust, certificates_in(job.sent), job.claimed, job.expected, now), {}};
  if (outcome.verdict.leaf) outcome.objection = objection_to(job, *outcome.verdict.leaf);
  return JobOutcome{std::move(outcome)};
}
}  // namespace

Result<JobOutcome> perform(const Job& job, WallTime now) {
  return std::visit([&](const auto& one) { return do_job(one, now); }, job);
}

}  // namespace ipsec9000::ike
